"""Quotas: usage and limits of each owner, which administrators can raise."""

from tocsin.quotas.limits import Quota, QuotaLimits, QuotaUnit
from tocsin.quotas.meter import UsageMeter
from tocsin.quotas.service import Quotas, Usage

__all__ = ["Quota", "QuotaLimits", "QuotaUnit", "Quotas", "Usage", "UsageMeter"]
