"""The contract of every provider, dialect and policy, as cases that the author of a plug-in runs (docs/plugins.md).

    @pytest.mark.parametrize("case", provider_cases(PROVIDER, sample), ids=str)
    def test_contract(case):
        case()

A case needs no test framework. When it is called, it raises ``AssertionError``, which says what is wrong. Turnout's own
providers, dialects and policies pass the same cases.
"""

from .cases import Case
from .dialects import ChatSample, dialect_cases
from .policies import policy_cases
from .providers import provider_cases
from .replies import ReplySample

__all__ = ["Case", "ChatSample", "ReplySample", "dialect_cases", "policy_cases", "provider_cases"]
