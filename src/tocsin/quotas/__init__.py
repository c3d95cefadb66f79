"""Quotas: usage and limits of each owner, which administrators can raise."""

from tocsin.quotas.limits import Limits, Quota, Unit
from tocsin.quotas.meter import UsageMeter
from tocsin.quotas.service import Quotas, Usage

__all__ = ["Limits", "Quota", "Quotas", "Unit", "Usage", "UsageMeter"]
