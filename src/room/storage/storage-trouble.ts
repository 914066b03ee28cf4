/** SQLite's result codes for storage that cannot be read or written now, but may be later. */
const TROUBLES = new Map([
  [5, 'SQLITE_BUSY'],
  [7, 'SQLITE_NOMEM'],
  [8, 'SQLITE_READONLY'],
  [10, 'SQLITE_IOERR'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
]);

/**
 * Whether an error comes from the machine, such as a full disk, and not from a defect. Node gives the
 * result code in `errcode`, whose low byte is the family; a Durable Object puts the code's name at the
 * end of the message.
 */
export function isStorageFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { errcode } = error as { errcode?: unknown };
  if (typeof errcode === 'number') return TROUBLES.has(errcode & 0xff);
  const name = /\b(SQLITE_[A-Z]+)(?:_[A-Z]+)*$/.exec(error.message)?.[1];
  return name !== undefined && [...TROUBLES.values()].includes(name);
}
