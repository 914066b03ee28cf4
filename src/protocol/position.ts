/** A place in a room's stream of durable changes. */
export interface Position {
  epoch: string;
  rev: number;
}

/**
 * The position before everything, valid in every epoch of every room: as `since` it never
 * causes a reset.
 */
export const START: Position = { epoch: '0', rev: 0 };

const FORM = /^([A-Za-z0-9_-]{1,64}):(0|[1-9]\d{0,15})$/;

export function formatPosition({ epoch, rev }: Position): string {
  return `${epoch}:${rev}`;
}

export function parsePosition(text: string): Position | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  return { epoch: match[1] ?? '', rev: Number(match[2]) };
}
