/** SQLite's result codes for storage that cannot take or give anything now, but may again. */
const TROUBLES = new Map([
  [5, 'SQLITE_BUSY'],
  [7, 'SQLITE_NOMEM'],
  [8, 'SQLITE_READONLY'],
  [10, 'SQLITE_IOERR'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
]);

/**
 * Whether an error is of the machine under the room, such as a full disk, and not a defect. Node names
 * the result code in `errcode`, its low byte being the family; a Durable Object puts its name at the
 * end of the message.
 */
export function isStorageTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { errcode } = error as { errcode?: unknown };
  if (typeof errcode === 'number') return TROUBLES.has(errcode & 0xff);
  const name = /\b(SQLITE_[A-Z]+)(?:_[A-Z]+)*$/.exec(error.message)?.[1];
  return name !== undefined && [...TROUBLES.values()].includes(name);
}
