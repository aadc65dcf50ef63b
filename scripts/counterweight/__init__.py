"""Counterweight: from service-desk exports to an audited, published warehouse of balanced KPIs."""
