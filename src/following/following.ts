import { closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import type { Reply } from '../protocol/commands.ts';
import { missedLines, revOf } from '../protocol/frames.ts';
import { parsePosition } from '../protocol/position.ts';

/**
 * Following a room from a position, as a state machine without I/O: it delivers every durable change
 * once, in the order of `rev`, missed changes before live ones. The caller turns what it receives into
 * inputs and carries out the returned actions in order.
 */

export type State =
  /** A connection is being made, from `since`; its first line will be the join reply. */
  | {
      name: 'joining';
      /** Undefined: only events from now on are wanted. */
      since: string | undefined;
      known: number;
    }
  /** Pages of missed changes arrive. If the connection is kept, live lines wait. */
  | {
      name: 'catchingUp';
      /** Where the last page ended. */
      position: string;
      known: number;
      held: readonly string[];
      /** The length of the held lines, in characters. */
      heldLength: number;
    }
  /** Everything up to `position` has been delivered; events are passed on as they arrive. */
  | { name: 'live'; position: string | undefined }
  | { name: 'ended' };

/** Events in order, as lines, and the position after the last durable one of them. */
export interface Lines {
  type: 'lines';
  lines: readonly string[];
  position: string | undefined;
}

export type Input =
  /** The connection has joined the room. */
  | {
      type: 'joined';
      reply: Pick<Reply<'joinRoom'>, 'position' | 'missed' | 'complete' | 'reset'>;
    }
  /** A requested page of missed changes. */
  | { type: 'page'; reply: Omit<Reply<'getMissed'>, 'myReactions'> }
  /** Lines that arrived over the connection, except replies. */
  | Lines
  /** The connection broke and may be made again. */
  | { type: 'broken' }
  /** The room cannot be followed any more. */
  | { type: 'closed'; code: number; reason: string };

export type Action =
  /** Deliver to the client. */
  | Lines
  /** Everything up to `position` has been delivered; further lines are live. */
  | { type: 'caughtUp'; position: string }
  /** The client's position is of another epoch of the room: what it holds is obsolete. */
  | { type: 'reset'; position: string }
  /** Ask for the page of changes missed after a position. */
  | { type: 'askPage'; after: string }
  /** Connect or reconnect, and join from a position. */
  | { type: 'connect'; since: string }
  /** Close the connection. */
  | { type: 'disconnect' }
  /** Nothing more will be delivered. */
  | { type: 'end'; code: number; reason: string };

export interface Step {
  state: State;
  actions: readonly Action[];
}

/** The state before the first connection. @param since the position that the client sent, if any */
export function joining(since: string | undefined): State {
  return { name: 'joining', since, known: revAt(since) };
}

/** The position to resume from if the connection broke now; undefined before the first join. */
export function positionOf(state: State): string | undefined {
  if (state.name === 'joining') return state.since;
  return state.name === 'ended' ? undefined : state.position;
}

/**
 * @param maxHeld how many characters of live lines are held while pages arrive; more end the following
 * with 4000. With 0 nothing is held: the connection is closed until the pages end.
 */
export function next(state: State, input: Input, maxHeld: number): Step {
  switch (input.type) {
    case 'lines':
      return onLines(state, input, maxHeld);
    case 'joined':
      return state.name === 'joining' ? onJoined(state, input.reply, maxHeld) : stay(state);
    case 'page':
      return state.name === 'catchingUp' ? onPage(state, input.reply, maxHeld) : stay(state);
    case 'broken':
      return onBroken(state);
    default:
      return state.name === 'ended' ? stay(state) : end({ ...input, type: 'end' });
  }
}

type In<N extends State['name']> = Extract<State, { name: N }>;
type InputReply<T extends 'joined' | 'page'> = Extract<Input, { type: T }>['reply'];

function onLines(state: State, input: Lines, maxHeld: number): Step {
  if (state.name === 'catchingUp') return hold(state, input.lines, maxHeld);
  if (state.name !== 'live') return stay(state);
  const { position } = input;
  return { state: position === undefined ? state : { name: 'live', position }, actions: [input] };
}

function hold(state: In<'catchingUp'>, lines: readonly string[], maxHeld: number): Step {
  if (maxHeld === 0) return stay(state);
  const heldLength = state.heldLength + lines.reduce((sum, { length }) => sum + length, 0);
  if (heldLength > maxHeld) return giveUp();
  return stay({ ...state, held: [...state.held, ...lines], heldLength });
}

function onJoined(
  { known }: In<'joining'>,
  { position, missed = [], complete, reset }: InputReply<'joined'>,
  maxHeld: number,
): Step {
  if (reset === true) return goLive(position, [{ type: 'reset', position }]);
  const delivery = deliver(missedLines(missed, known), position);
  if (complete !== false) return goLive(position, [...delivery, { type: 'caughtUp', position }]);
  return {
    state: { name: 'catchingUp', position, known, held: [], heldLength: 0 },
    actions: [
      ...delivery,
      ...(maxHeld === 0 ? [{ type: 'disconnect' as const }] : []),
      { type: 'askPage', after: position },
    ],
  };
}

function onPage(state: In<'catchingUp'>, reply: InputReply<'page'>, maxHeld: number): Step {
  const { known, held } = state;
  const { messages, position, complete, reset } = reply;
  // A join from the end of the last page is answered with `reset` too.
  if (reset === true) return connect(state.position, known, [{ type: 'disconnect' }]);
  const lines = missedLines(messages, known);
  if (!complete) {
    const actions = [...deliver(lines, position), { type: 'askPage' as const, after: position }];
    return { state: { ...state, position }, actions };
  }
  if (maxHeld === 0) return connect(position, known, deliver(lines, position));
  const all = deliver([...lines, ...heldAfter(held, position)], position);
  return goLive(position, [...all, { type: 'caughtUp', position }]);
}

function onBroken(state: State): Step {
  if (state.name === 'ended') return stay(state);
  const position = positionOf(state);
  return position === undefined ? giveUp() : connect(position, revAt(position));
}

function deliver(lines: readonly string[], position: string): Action[] {
  return lines.length === 0 ? [] : [{ type: 'lines', lines, position }];
}

function stay(state: State): Step {
  return { state, actions: [] };
}

function goLive(position: string, actions: readonly Action[]): Step {
  return { state: { name: 'live', position }, actions };
}

function connect(since: string, known: number, before: readonly Action[] = []): Step {
  return {
    state: { name: 'joining', since, known },
    actions: [...before, { type: 'connect', since }],
  };
}

function end(...actions: Action[]): Step {
  return { state: { name: 'ended' }, actions };
}

/** Closes with 4000, after which the client reconnects by itself. */
function giveUp(): Step {
  const code = closeCodes.goingAway;
  return end({ type: 'disconnect' }, { type: 'end', code, reason: closeReasons[code] });
}

/**
 * The held live lines without the changes whose outcome is in the pages. The pages are kept rather than
 * the lines, because a reaction or an append does not contain the message it changes.
 */
function heldAfter(held: readonly string[], position: string): string[] {
  const end = revAt(position);
  return held.filter((line) => (revOf(line) ?? Infinity) > end);
}

function revAt(position: string | undefined): number {
  return (position === undefined ? undefined : parsePosition(position)?.rev) ?? 0;
}
