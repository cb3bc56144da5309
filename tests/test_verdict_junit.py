"""JUnit XML, read by junitparser and by lxml, which refuses what XML 1.0 does."""

from __future__ import annotations

import io

from hypothesis import given
from junitparser import Failure, JUnitXml, Skipped
from lxml import etree

from dedup.reports.verdict import junit
from tests import verdict_factory as factory
from tests.verdict_factory import verdict_of, violation, written


def cases_of(verdict, **options):
    data = written(junit.write, verdict, **options)
    etree.fromstring(data)  # strict
    whole = JUnitXml.fromroot(etree.parse(io.BytesIO(data)).getroot())
    cases = [case for suite in whole for case in suite]
    for counted in (whole, next(iter(whole))):
        assert len(cases) == counted.tests
        assert sum(case.is_failure for case in cases) == counted.failures
        assert sum(case.is_skipped for case in cases) == counted.skipped
    return cases


@given(verdict=factory.verdicts)
def test_any_verdict_is_read_and_its_case_names_are_unique(verdict):
    """One case for the gate and one for each violation; readers drop a second case of one name."""
    cases = cases_of(verdict)
    names = [(case.classname, case.name) for case in cases]

    assert len(verdict.violations) + 1 == len(names)
    assert len(names) == len(set(names))
    assert verdict.failed == any(case.is_failure for case in cases)


def test_failed_cases_agree_with_the_gate():
    """An error fails its case; warnings, known and ignored ones are skipped, and say why."""
    cases = cases_of(
        verdict_of([
            violation(0),
            violation(1, severity="warning"),
            violation(2, suppressed="baseline", reason="agreed"),
            violation(3, suppressed="ignored"),
        ])
    )  # fmt: skip
    results = [case.result[0] for case in cases]

    assert [Failure, Failure, Skipped, Skipped, Skipped] == [type(one) for one in results]
    assert ["D201", "warning", "baseline", "ignored"] == [
        results[1].type, *(one.message.split(":")[0] for one in results[2:])
    ]  # fmt: skip
    assert "(agreed)" in results[3].message


def test_errors_that_are_allowed_do_not_fail_their_cases():
    """With --max-new a gate holds in spite of errors; a consumer that goes by cases says the same."""
    cases = cases_of(verdict_of([violation()], failed=False))

    assert [False, False] == [case.is_failure for case in cases]


def test_a_clean_verdict_has_a_case():
    """Readers take a report without a case for a broken one."""
    (case,) = cases_of(verdict_of([]))

    assert ("gate", True) == (case.name, case.is_passed)


def test_a_name_survives_a_move():
    """The name has no line: the same finding further down is the same test."""
    names = [cases_of(verdict_of([violation(where=factory.location(line=line))]))[1].name for line in (3, 99)]

    assert names[0] == names[1]


def test_what_is_over_the_size_is_left_out_and_said():
    """GitLab takes no 30 MB; errors come first."""
    verdict = verdict_of([violation(500, severity="warning"), *factory.many_violations(400)])
    data = written(junit.write, verdict, max_bytes=50_000)
    cases = cases_of(verdict, max_bytes=50_000)

    assert 60_000 > len(data)
    assert all(case.is_failure for case in cases)
    assert f"{402 - len(cases)} findings left out" in data.decode()
    assert 30_000_000 > junit.MAX_BYTES
