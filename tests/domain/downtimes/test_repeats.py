"""Rules as people choose them: what is read and written again is the same rule."""

import pytest

from webmon.domain.downtimes.repeats import How, Repeat, read_repeat, rule_in_words, rule_of

RULES = {
    "": (How.ONCE, ""),
    "FREQ=DAILY": (How.DAILY, "every day"),
    "FREQ=DAILY;INTERVAL=2;COUNT=3": (How.DAILY, "every 2 days, 3 times"),
    "FREQ=WEEKLY": (How.WEEKLY, "every week"),
    "FREQ=WEEKLY;BYDAY=MO,TH": (How.WEEKLY, "every week on Monday, Thursday"),
    "FREQ=WEEKLY;UNTIL=20270331T235959": (How.WEEKLY, "every week, until 2027-03-31"),
    "FREQ=MONTHLY;BYDAY=1TU": (How.NTH, "every month on the first Tuesday"),
    "FREQ=MONTHLY;BYDAY=-1FR": (How.NTH, "every month on the last Friday"),
    "FREQ=MONTHLY": (How.MONTHLY, "every month"),
    "FREQ=MONTHLY;BYMONTHDAY=31": (How.MONTHLY, "every month on day 31"),
    "FREQ=MONTHLY;BYMONTHDAY=-1": (How.MONTHLY, "every month on the last day"),
}
BY_HAND = (
    "FREQ=YEARLY", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=WEEKLY;WKST=SU",
    "FREQ=MONTHLY;BYDAY=5MO", "FREQ=DAILY;BYMONTH=1", "FREQ=WEEKLY;BYDAY=1MO",
    "BYDAY=1TU;FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=1,15",
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_choices_make_the_rule_that_they_were_read_from(rule):
    how, words = RULES[rule]
    assert (read_repeat(rule).how, rule_in_words(rule)) == (how, words)
    assert rule_of(read_repeat(rule)) == rule


@pytest.mark.parametrize("rule", BY_HAND)
def test_what_the_form_does_not_know_stays_a_rule(rule):
    assert read_repeat(rule) == Repeat(How.RULE, rule=rule)
    assert rule_of(read_repeat(rule)) == rule == rule_in_words(rule)


def test_an_end_that_is_no_date_is_kept():
    rule = "FREQ=DAILY;UNTIL=20270331T215959Z"
    assert read_repeat(rule).until == "20270331T215959Z"
    assert rule_of(read_repeat(rule)) == rule
    typed = Repeat(How.DAILY, until="2027-03-31")
    assert rule_of(typed) == "FREQ=DAILY;UNTIL=20270331T235959"
