"""The rules of the protocol: how each is broken on purpose, which scenario notices, and which promise is broken then.

`test_the_suite_bites` proves each row. docs/architecture.md shows them all with what was measured (`make docs`).
"""

from __future__ import annotations

from . import broken_rules as broken
from . import scenarios as history
from .mutations import Mutation, Scenario
from .world import Promise

MISSING, REPEATED, CHANGED = Promise.MISSING, Promise.REPEATED, Promise.CHANGED
SECRET, DEADLINE, SILENT, COST = Promise.SECRET, Promise.DEADLINE, Promise.SILENT, Promise.COST

Row = tuple[str, Mutation, Scenario, Promise]

# fmt: off
OBJECTS: list[Row] = [
    ("an object's date is its records' UTC date, not the one asked for",
     broken.filed_under_the_date_asked_for, history.zooms_days_lie_behind, REPEATED),
    ("an object's date is its records' UTC date, not that of the write",
     broken.all_under_the_date_of_the_write, history.objects_of_one_run, CHANGED),
    ("each record has a line, which ends with a line end",
     broken.lines_glued, history.objects_of_one_run, CHANGED),
    ("lines end at line feeds only",
     broken.lines_split_wherever_unicode_does, history.a_line_end_inside_a_record, REPEATED),
    ("every field is kept, also an empty one",
     broken.empty_fields_left_out, history.objects_of_one_run, MISSING),
    ("non-ASCII is written as it came",
     broken.non_ascii_escaped, history.objects_of_one_run, CHANGED),
    ("a lone surrogate stays escaped",
     broken.lone_surrogates_replaced, history.a_lone_surrogate, MISSING),
    ("gzip has no modification time",
     broken.packed_at_a_time, history.objects_of_one_run, CHANGED),
    ("metadata says the first and last time",
     broken.metadata_without_times, history.objects_of_one_run, CHANGED),
    ("metadata says which version of the collector wrote it",
     broken.metadata_without_version, history.objects_of_one_run, CHANGED),
    ("metadata counts the records",
     broken.metadata_counts_distinct_lines, history.objects_of_one_run, CHANGED),
]

PUBLISHING: list[Row] = [
    ("a put if absent is the lock",
     broken.put_whether_or_not_it_is_there, history.overlapping_runs_race_for_one_number, REPEATED),
    ("a put if absent is the lock of runs that start together",
     broken.put_whether_or_not_it_is_there, history.overlapping_runs, REPEATED),
    ("the run that loses a race reads the object that won",
     broken.trust_the_checkpoint, history.overlapping_runs, REPEATED),
    ("a run knows every object of a date before it publishes",
     broken.trust_the_checkpoint, history.lost_checkpoint, REPEATED),
    ("a run knows every object also of a date not asked for",
     broken.trust_the_checkpoint_for_dates_not_asked_for, history.a_date_that_no_run_asked_for, REPEATED),
    ("after a timeout the same number is tried, never the next",
     broken.take_the_next_number_after_a_timeout, history.a_write_that_was_done_and_not_heard_of, REPEATED),
    ("after a 5xx the same number is tried, never the next",
     broken.take_the_next_number_after_a_5xx, history.a_write_that_was_done_and_answered_503, REPEATED),
    ("after a timeout a write is tried until S3 answers",
     broken.take_a_timeout_for_done, history.a_write_that_was_not_done_and_not_heard_of, MISSING),
    ("the next number follows the highest ever seen, deleted or not",
     broken.list_only_what_is_there, history.a_feed_that_deletes, REPEATED),
    ("an object that the feed deleted is read by its version",
     broken.read_only_what_is_there, history.a_feed_that_deletes, REPEATED),
    ("foreign keys are ignored",
     broken.take_foreign_keys_for_ours, history.a_copy_under_a_foreign_name, MISSING),
    ("an object of ours that does not decode is an error",
     broken.take_an_object_that_does_not_decode_for_empty, history.an_object_that_does_not_decode, REPEATED),
]

IDENTITY: list[Row] = [
    ("identity is that of canonical JSON",
     broken.identity_by_the_order_of_fields, history.fields_in_another_order, REPEATED),
    ("identity is that of every field",
     broken.identity_by_the_time_alone, history.records_of_one_second, MISSING),
    ("identity is counted: two identical events are two records",
     broken.count_twins_once, history.twins, MISSING),
    ("a record exists as often as one page shows it",
     broken.count_rows_of_all_pages, history.rows_that_move_down, REPEATED),
    ("a record on both sides of a page boundary is owed pages of another size",
     broken.pages_of_one_size, history.twins, MISSING),
    ("reconciles vary the page size",
     broken.reconcile_with_the_same_size, history.twins_in_no_order, MISSING),
    ("a tail leaves records without a time",
     broken.tail_files_records_without_a_time, history.records_without_a_time, REPEATED),
    ("a date sweep files records without a time",
     broken.records_without_a_time_left_out, history.records_without_a_time, MISSING),
]

TAIL: list[Row] = [
    ("the tail begins LOOKBACK_DAYS back",
     broken.tail_from_yesterday, history.no_frontier_and_few_calls_left, MISSING),
    ("the tail reads up to tomorrow",
     broken.tail_up_to_today, history.zooms_days_lie_ahead, MISSING),
    ("the tail reads up to today where Zoom refuses tomorrow",
     broken.take_a_refused_tomorrow_for_empty, history.tomorrow_refused, MISSING),
    ("the tail reads fifteen minutes past the frontier",
     broken.stop_at_the_frontier, history.a_late_row_below_a_page_of_old_ones, MISSING),
    ("what is delivered plays no part in stopping",
     broken.stop_at_what_is_delivered, history.a_late_row_below_a_page_of_old_ones, MISSING),
    ("an empty page never stops the tail",
     broken.stop_at_an_empty_page, history.a_page_with_no_rows, MISSING),
    ("with no frontier the tail reads to the end",
     broken.stop_without_a_frontier, history.no_frontier_and_few_calls_left, MISSING),
    ("with rows out of order the tail reads to the end",
     broken.stop_though_rows_are_out_of_order, history.rows_in_no_order, MISSING),
    ("rows that moved to the next page are not disorder",
     broken.take_a_shift_for_disorder, history.rows_shift_in_a_long_window, COST),
    ("the frontier is at most the run's clock",
     broken.frontier_of_the_future, history.a_row_of_the_future, MISSING),
    ("only a sweep that ended moves the frontier",
     broken.move_the_frontier_on_a_sweep_that_did_not_end, history.a_burst_that_no_run_reads_to_its_end, MISSING),
    ("a page token that repeats is not the end of a sweep",
     broken.take_a_repeated_page_token_for_the_end, history.a_tail_whose_page_token_repeats, MISSING),
    ("a page token that repeats is not followed",
     broken.follow_page_tokens_that_repeat, history.page_tokens_that_repeat_for_ever, COST),
]

DATES: list[Row] = [
    ("a date sweep reads to the end",
     broken.sweep_a_date_no_further_than_its_first_page, history.a_row_on_yesterdays_second_page, MISSING),
    ("every date between the settled ones and the window is owed",
     broken.take_dates_that_left_the_window_for_settled, history.an_outage, MISSING),
    ("the first reconcile of a day goes one date further back",
     broken.take_dates_that_left_the_window_for_settled, history.a_row_as_late_as_the_window_is_long, MISSING),
    ("the first reconcile of a day takes the whole window",
     broken.reconcile_today_and_yesterday_only, history.a_row_two_days_late, MISSING),
    ("today and yesterday are reconciled every RECONCILE_HOURS",
     broken.reconcile_once_a_day, history.a_row_of_the_morning, MISSING),
    ("a date is settled by a sweep begun after it was owed",
     broken.settle_by_a_sweep_begun_before, history.a_row_that_shows_behind_a_sweep, MISSING),
    ("every date from START_DATE on is owed",
     broken.ignore_the_start_date, history.a_start_date, MISSING),
    ("START_DATE is clamped to what Zoom still has",
     broken.ask_for_what_zoom_cannot_have, history.a_start_date_of_last_year, COST),
    ("dates asked for by an event are owed",
     broken.ignore_a_backfill, history.a_backfill, MISSING),
    ("a date that Zoom calls too old is recorded as expired",
     broken.ask_again_for_what_is_too_old, history.a_date_that_zoom_calls_too_old, COST),
    ("a date that Zoom calls too old holds up no other",
     broken.end_the_run_at_a_refused_date, history.a_refused_date_before_others, MISSING),
]

RUNS: list[Row] = [
    ("owed dates are swept newest first",
     broken.oldest_dates_first, history.the_newest_of_many_owed_dates, MISSING),
    ("batches are published as they fill",
     broken.publish_at_the_end_only, history.rows_of_half_a_megabyte, COST),
    ("timeouts are clipped to the time that is left",
     broken.timeouts_not_clipped, history.zoom_falls_silent, DEADLINE),
    ("waits are clipped to the time that is left",
     broken.waits_not_clipped, history.a_limit_longer_than_the_run, DEADLINE),
    ("a reserve is kept for publishing and saving",
     broken.no_reserve, history.s3_takes_its_time, DEADLINE),
    ("a run saves every minute",
     broken.save_at_the_end_only, history.every_run_is_killed_before_its_end, MISSING),
    ("a run publishes before it saves",
     broken.save_before_publishing, history.killed_in_a_large_day, MISSING),
    ("a save is conditional on what was loaded",
     broken.save_over_what_another_run_saved, history.a_race_for_the_checkpoint, MISSING),
    ("a merge keeps the owed dates of both",
     broken.keep_the_winners_owed_dates_alone, history.a_race_for_the_checkpoint, MISSING),
    ("a merge keeps the higher number of a date",
     broken.merge_to_the_lower_number, history.another_run_saves_first, COST),
    ("a merge keeps the later frontier",
     broken.merge_to_the_earlier_frontier, history.another_run_saves_first, COST),
    ("a merge keeps the later time before which Zoom is not asked",
     broken.merge_without_their_not_before, history.another_run_meets_the_daily_limit, COST),
    ("a backfill is acknowledged only once saved",
     broken.acknowledge_what_was_not_saved, history.a_backfill_that_cannot_be_saved, MISSING),
    ("a failed run saves",
     broken.fail_without_saving, history.zoom_fails_in_the_middle, MISSING),
    ("a failed run raises",
     broken.take_a_failure_for_the_end_of_time, history.zoom_fails_in_the_middle, SILENT),
    ("a sweep in progress is resumed",
     broken.never_resume, history.a_day_too_large_for_one_run, MISSING),
    ("a sweep in progress is resumed only while its page token is young",
     broken.resume_at_any_age, history.a_page_token_that_is_too_old, COST),
    ("date sweeps stop under a quarter of the day's calls",
     broken.heed_no_daily_limit, history.under_a_quarter_of_the_days_calls, COST),
    ("an idle poll reads no object of records",
     broken.forget_the_fingerprints, history.an_idle_poll, COST),
    ("an idle poll writes nothing",
     broken.save_though_nothing_changed, history.an_idle_poll, COST),
]

CHECKPOINT: list[Row] = [
    ("a lost checkpoint owes every date from the archive's first on",
     broken.survey_sees_nothing, history.lost_after_an_outage, MISSING),
    ("a damaged checkpoint is rebuilt from the archive",
     broken.believe_a_damaged_checkpoint, history.a_bit_flipped_in_the_checkpoint, REPEATED),
    ("a checkpoint of a newer collector is refused",
     broken.take_a_newer_checkpoint_for_none, history.a_checkpoint_of_a_newer_collector, MISSING),
]

FEED_DELETES: list[Row] = [
    ("where the feed deletes, a run takes the lease",
     broken.take_no_lease, history.overlapping_runs_while_the_feed_deletes, REPEATED),
    ("a lease lasts as long as its run may work",
     broken.take_too_short_a_lease, history.a_run_that_stalls_at_its_put, REPEATED),
    ("a run leaves the work to the one that holds the lease",
     broken.heed_no_lease_of_another, history.a_run_that_stalls_at_its_put, REPEATED),
    ("with no versions and no checkpoint, a warning says that the window is sent again",
     broken.warn_of_nothing, history.nothing_left_that_could_tell, SILENT),
]

GUIDE: list[Row] = [
    ("the guide's objects count as delivered",
     broken.do_not_see_the_guides_objects, history.what_the_guide_left, REPEATED),
    ("the guide's records, separated by a literal n, are read one by one",
     broken.read_only_to_the_first_glue, history.what_the_guide_left, REPEATED),
    ("the guide's records are routed by their own date",
     broken.route_the_guides_records_by_their_folder, history.what_the_guide_wrote_a_day_later, REPEATED),
    ("of the guide's objects, the most that one shows counts",
     broken.add_up_what_the_guides_objects_show, history.a_twin_of_what_the_guide_left, MISSING),
    ("the guide's count and ours are added up",
     broken.count_the_guides_objects_or_ours, history.a_twin_of_what_the_guide_left, REPEATED),
    ("the guide's objects are read once",
     broken.forget_which_of_the_guides_objects_were_read, history.the_guides_objects_are_read_once, COST),
    ("dates from the guide's cursor on are owed",
     broken.ignore_the_guides_cursor, history.the_guides_cursor, MISSING),
]

REFUSALS: list[Row] = [
    ("Retry-After is respected",
     broken.do_not_heed_retry_after, history.the_daily_limit, COST),
    ("the daily limit is recognised by Zoom's message too",
     broken.do_not_know_the_daily_limit_by_its_words, history.the_daily_limit_in_few_words, COST),
    ("a limit that ends within the run is waited for",
     broken.take_each_limit_for_one_of_an_hour, history.the_limit_of_a_second, MISSING),
    ("no limit lasts past midnight and ten minutes",
     broken.stay_away_past_midnight, history.a_limit_until_next_year, MISSING),
    ("a failed request is worth one new access token",
     broken.one_access_token_after_another, history.an_access_token_that_is_never_accepted, COST),
    ("an expired page token starts a sweep again once",
     broken.start_again_each_time_a_page_token_expires, history.page_tokens_that_expire_at_once, COST),
    ("a list that is null is not an empty list",
     broken.take_null_for_the_last_page, history.a_list_that_is_null, MISSING),
    ("a refusal that only an administrator can lift fails the run",
     broken.take_a_refusal_for_an_empty_report, history.a_missing_scope, SILENT),
    ("no secret is logged",
     broken.log_the_requests, history.everything_a_run_leaves, SECRET),
    ("no secret is in an object's metadata",
     broken.keep_the_access_token_in_the_metadata, history.everything_a_run_leaves, SECRET),
]
# fmt: on

GROUPS: dict[str, list[Row]] = {
    "Objects": OBJECTS,
    "Publishing": PUBLISHING,
    "Identity": IDENTITY,
    "The tail": TAIL,
    "Dates": DATES,
    "Runs": RUNS,
    "The checkpoint": CHECKPOINT,
    "A feed that deletes": FEED_DELETES,
    "The objects of the written guide": GUIDE,
    "Refusals": REFUSALS,
}
ROWS = [row for rows in GROUPS.values() for row in rows]
