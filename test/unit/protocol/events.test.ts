import { expect, it } from 'vitest';
import { defaultTiming } from '../../../src/client/timing.ts';
import {
  deferrable,
  durable,
  ephemeral,
  eventNames,
  events,
} from '../../../src/protocol/events.ts';

it('events are durable exactly if their payload has a rev', () => {
  expect(eventNames.filter((name) => 'rev' in events[name].payload.shape)).toEqual([...durable]);
});

it('durable events are neither dropped nor deferred', () => {
  expect([...durable].filter((name) => ephemeral.has(name))).toEqual([]);
  expect([...deferrable].filter((name) => !ephemeral.has(name))).toEqual([]);
});

it("only ephemeral events are coalesced, and the client's typing times fit the table", () => {
  const coalesced = eventNames.filter((name) => 'coalescedBy' in events[name]);
  expect(coalesced.filter((name) => !ephemeral.has(name))).toEqual([]);
  expect(defaultTiming.typingLapsesMs).toBe(events.typing.lapsesMs);
  expect(defaultTiming.typingEveryMs).toBeGreaterThan(events.typing.everyMs);
});
