/** A place in a room's stream of durable changes. */
export interface Position {
  epoch: string;
  rev: number;
}

/** Before everything, in every life of every room: as `since` it is never a reset. */
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
