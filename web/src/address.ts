import { readRoom } from './entry.ts';

/** A room, and a message in it where the address names one. */
export interface Place {
  roomId: string;
  seq?: number;
}

/** A room's part of an address: `#room`, or `#room/12` for a message. */
export function hashOf({ roomId, seq }: Place): string {
  const room = `#${encodeURIComponent(roomId)}`;
  return seq === undefined ? room : `${room}/${seq}`;
}

/** The whole address of a place on this page. */
export function linkTo(place: Place): string {
  return new URL(hashOf(place), location.href).href;
}

/** The room, and perhaps message, that the part after `#` names; undefined if it names no room. */
export function placeIn(hash: string): Place | undefined {
  const [, room = '', seq] = /^#?(.*?)(?:\/(\d{1,15}))?$/su.exec(hash) ?? [];
  try {
    const roomId = readRoom(decodeURIComponent(room));
    return seq === undefined ? { roomId } : { roomId, seq: Number(seq) };
  } catch {
    return undefined;
  }
}
