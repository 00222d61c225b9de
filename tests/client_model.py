"""A Pydantic model of an order as a client's repository holds it, for what settings name it for."""

from __future__ import annotations

MODEL = """
from pydantic import BaseModel, field_validator
class Line(BaseModel):
    sku: str
    amount: int
class Order(BaseModel):
    customer_email: str
    total: float
    lines: list[Line]
"""
