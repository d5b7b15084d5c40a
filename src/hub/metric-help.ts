// One sentence for every metric of the hub; a name without one is described by its own words.

const sentences: { readonly [name: string]: string } = {
  kms_slack_notifier_up: 'Always 1 while the hub answers; kept for those who used the KMS notifier before.',
  process_cpu_seconds_total: 'User and system CPU time of the hub.',
  process_resident_memory_bytes: 'Resident memory of the hub.',
  sereno_ambiguous_total: 'Requests to a KMS server that several connections may have made.',
  sereno_attempts_total: 'Requests to channels, by what came of them.',
  sereno_build_info: 'The version that runs; always 1.',
  sereno_connections_open: 'Connections to the KMS server that are open by its log.',
  sereno_deliveries_total: 'Messages that came to their end, by channel and outcome.',
  sereno_delivery_seconds: 'From the decision to tell until the channel took the message.',
  sereno_events_total: 'Events stored, by type and source.',
  sereno_evicted_total: 'Connections to the KMS server that were given up to make room for newer ones.',
  sereno_conditions_open: 'Conditions that have begun and not ended, by source and severity.',
  sereno_expired_total: 'Connections to the KMS server that were given up after a long silence.',
  sereno_fields_unattributed_total:
    'Lines with fields of a session of which it is not clear which session they belong to.',
  sereno_injections_total: 'Lines that a client seems to have forged through the name it gave itself.',
  sereno_last_event_timestamp_seconds: 'Own time of the last event, by source.',
  sereno_lines_cut_total: 'Lines that were longer than what is read of one.',
  sereno_lines_total: 'Lines read from the log.',
  sereno_orphan_closes_total: 'Connections to the KMS server whose end is in the log but not their beginning.',
  sereno_outbox_oldest_seconds: 'Age of the oldest message that waits, by channel.',
  sereno_outbox_waiting: 'Messages that wait or are being sent, by channel.',
  sereno_sessions_open: 'Sessions of the log that are open now.',
  sereno_source_failures_total: 'Times a source failed in an unexpected way and was started again.',
  sereno_stamps_disbelieved_total: 'Lines whose own time was so far off that the time of reading was taken.',
  sereno_start_timestamp_seconds: 'When the hub started.',
  sereno_store_failures_total: 'Writes that the store refused and that are tried again.',
  sereno_strays_total: 'Lines of a request to the KMS server that came without its first line.',
  sereno_tail_cut_lines_total: 'Lines longer than 64 KiB, of which only the beginning was read.',
  sereno_tail_file_missing: 'Whether the file to follow is not there.',
  sereno_tail_lag_bytes: 'Bytes of the file that are not read yet.',
  sereno_tail_last_line_timestamp_seconds: 'When the last line was read.',
  sereno_tail_rotations_total: 'Times the file was rotated.',
  sereno_tail_stuck: 'Whether the file cannot be read, or what was read not be stored, for a minute.',
  sereno_tail_truncations_total: 'Times the file was truncated or overwritten in place.',
  sereno_unparsed_total: 'Lines of the log that are none of those its service is known to write.',
  sereno_verdicts_total: 'Decisions not to tell an event at once, by state, stage and rule.',
}

export function helpOf(name: string): string {
  return sentences[name] ?? `${name.replace(/^sereno_/, '').replaceAll('_', ' ')}.`
}
