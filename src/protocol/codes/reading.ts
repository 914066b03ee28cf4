/**
 * The names of the commands that change nothing, so that asking again does no harm. A rule for
 * names, because the client library has no room for the table in `src/protocol/commands.ts`.
 */
export const READS_ONLY = /^(get|search)/;
