import { describe, expect, it } from 'vitest';
import {
  type Action,
  type Input,
  joining,
  next,
  positionOf,
  type State,
} from '../../../src/following/following.ts';
import { eventLine } from '../../../src/protocol/frames.ts';
import type { Message } from '../../../src/protocol/objects.ts';

const row = (seq: number, rev = seq) => ({ seq, rev }) as Message;
const fresh = (seq: number, rev = seq) => eventLine('message', row(seq, rev));
const updated = (seq: number, rev: number) => eventLine('messageUpdated', row(seq, rev));
const appended = (seq: number, rev: number) => eventLine('messageAppended', row(seq, rev));
const reacted = (seq: number, rev: number) => eventLine('reactionsUpdated', row(seq, rev));
const typing = eventLine('typing', {});

const live = (...lines: string[]): Input => ({ type: 'lines', lines, position: undefined });
const joined = (position: string, missed: Message[] = [], complete = true): Input => ({
  type: 'joined',
  reply: { position, missed, complete },
});
const page = (position: string, messages: Message[], complete: boolean): Input => ({
  type: 'page',
  reply: { position, messages, complete },
});
const broken: Input = { type: 'broken' };

const deliver = (position: string | undefined, ...lines: string[]): Action => ({
  type: 'lines',
  lines,
  position,
});
const caughtUp = (position: string): Action => ({ type: 'caughtUp', position });
const ask = (after: string): Action => ({ type: 'askPage', after });
const connect = (since: string): Action => ({ type: 'connect', since });
const disconnect: Action = { type: 'disconnect' };
const goingAway = expect.objectContaining({ type: 'end', code: 4000 }) as Action;

/** A title, a first state, each input with the actions that it leads to, and the last state's name. */
type Row = [what: string, from: State, steps: [Input, Action[]][], ends: State['name']];

function run(from: State, steps: [Input, Action[]][], maxHeld: number): State {
  let state = from;
  for (const [input, expected] of steps) {
    const step = next(state, input, maxHeld);
    expect(step.actions).toEqual(expected);
    ({ state } = step);
  }
  return state;
}

const tables: Record<string, [maxHeld: number, rows: Row[]]> = {
  'following on any connection': [
    1_000,
    [
      [
        'goes live at the position of the room',
        joining(undefined),
        [
          [joined('e:3'), [caughtUp('e:3')]],
          [live(typing), [deliver(undefined, typing)]],
        ],
        'live',
      ],
      [
        'delivers missed messages first, new and changed ones',
        joining('e:2'),
        [
          [
            joined('e:4', [row(3), row(1, 4)]),
            [deliver('e:4', fresh(3), updated(1, 4)), caughtUp('e:4')],
          ],
        ],
        'live',
      ],
      [
        'reports a reset if its position is of another epoch',
        joining('f:9'),
        [
          [
            { type: 'joined', reply: { position: 'e:3', reset: true } },
            [{ type: 'reset', position: 'e:3' }],
          ],
        ],
        'live',
      ],
      [
        'reconnects from the last position',
        { name: 'live', position: 'e:7' },
        [
          [broken, [connect('e:7')]],
          [broken, [connect('e:7')]],
          [joined('e:8', [row(8)]), [deliver('e:8', fresh(8)), caughtUp('e:8')]],
        ],
        'live',
      ],
      [
        'ends if it breaks before it has a position',
        joining(undefined),
        [
          [broken, [disconnect, goingAway]],
          [broken, []],
        ],
        'ended',
      ],
      [
        'ends once, with the close code of the room',
        { name: 'live', position: 'e:1' },
        [
          [{ type: 'closed', code: 4502, reason: 'x' }, [{ type: 'end', code: 4502, reason: 'x' }]],
          [{ type: 'closed', code: 4502, reason: 'x' }, []],
          [live(typing), []],
        ],
        'ended',
      ],
    ],
  ],
  'following that holds live lines while pages come': [
    200,
    [
      [
        'delivers them after the last page, each change once',
        joining('e:0'),
        [
          [
            joined('e:2', [row(1), row(2)], false),
            [deliver('e:2', fresh(1), fresh(2)), ask('e:2')],
          ],
          [live(typing, fresh(5)), []],
          [page('e:3', [row(3)], false), [deliver('e:3', fresh(3)), ask('e:3')]],
          [
            page('e:5', [row(4), row(5)], true),
            [deliver('e:5', fresh(4), fresh(5), typing), caughtUp('e:5')],
          ],
        ],
        'live',
      ],
      [
        'takes a state from its page if live lines have only additions to it',
        joining('e:0'),
        [
          [joined('e:2', [row(2)], false), [deliver('e:2', fresh(2)), ask('e:2')]],
          [live(appended(1, 5), reacted(1, 6), appended(1, 7)), []],
          [
            page('e:6', [row(1, 6)], true),
            [deliver('e:6', fresh(1, 6), appended(1, 7)), caughtUp('e:6')],
          ],
        ],
        'live',
      ],
      [
        'reconnects from the end of the last page',
        joining('e:0'),
        [
          [joined('e:2', [row(2)], false), [deliver('e:2', fresh(2)), ask('e:2')]],
          [live(fresh(9)), []],
          [broken, [connect('e:2')]],
        ],
        'joining',
      ],
      [
        'ends if held lines exceed their bound',
        joining('e:0'),
        [
          [joined('e:2', [row(2)], false), [deliver('e:2', fresh(2)), ask('e:2')]],
          [live('x'.repeat(200)), []],
          [live('x'), [disconnect, goingAway]],
        ],
        'ended',
      ],
    ],
  ],
  'following that disconnects while pages come': [
    0,
    [
      [
        'reconnects where the pages end',
        joining('e:0'),
        [
          [joined('e:2', [row(2)], false), [deliver('e:2', fresh(2)), disconnect, ask('e:2')]],
          [page('e:3', [row(3)], false), [deliver('e:3', fresh(3)), ask('e:3')]],
          [page('e:4', [row(4)], true), [deliver('e:4', fresh(4)), connect('e:4')]],
          [joined('e:5', [row(5)]), [deliver('e:5', fresh(5)), caughtUp('e:5')]],
        ],
        'live',
      ],
      [
        'leaves it to the next join to report another epoch',
        joining('e:0'),
        [
          [joined('e:2', [row(2)], false), [deliver('e:2', fresh(2)), disconnect, ask('e:2')]],
          [
            { type: 'page', reply: { position: 'f:0', messages: [], complete: true, reset: true } },
            [disconnect, connect('e:2')],
          ],
        ],
        'joining',
      ],
    ],
  ],
};

describe.each(Object.entries(tables))('%s', (_, [maxHeld, rows]) => {
  it.each(rows)('%s', (_what, from, steps, ends) => {
    expect(run(from, steps, maxHeld).name).toBe(ends);
  });
});

it('following resumes from the end of the last page, or from the last live position', () => {
  const catchingUp = next(joining('e:0'), joined('e:2', [row(2)], false), 200).state;
  expect(positionOf(catchingUp)).toBe('e:2');
  const isLive = next(joining('e:0'), joined('e:2'), 200).state;
  const lines: Input = { type: 'lines', lines: [fresh(3)], position: 'e:3' };
  expect(positionOf(next(isLive, lines, 200).state)).toBe('e:3');
  expect(positionOf(joining(undefined))).toBeUndefined();
});
