/**
 * Matches the names of commands that change nothing, so that repeating them does no harm. A pattern,
 * because the client library has no room for the table in `src/protocol/commands.ts`.
 */
export const READS_ONLY = /^(get|search)/;
