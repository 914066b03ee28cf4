import { expect, it } from 'vitest';
import { defaultTiming } from '../../../src/client/timing.ts';
import {
  deferrable,
  durable,
  ephemeral,
  eventNames,
  events,
} from '../../../src/protocol/events.ts';

it('treats an event as durable if its payload has a rev', () => {
  expect(eventNames.filter((name) => 'rev' in events[name].payload.shape)).toEqual([...durable]);
});

it('never drops a durable event, and defers none but ephemeral ones', () => {
  expect([...durable].filter((name) => ephemeral.has(name))).toEqual([]);
  expect([...deferrable].filter((name) => !ephemeral.has(name))).toEqual([]);
});

it('coalesces none but ephemeral events, and the client lets typing lapse as the table says', () => {
  const coalesced = eventNames.filter((name) => 'coalescedBy' in events[name]);
  expect(coalesced.filter((name) => !ephemeral.has(name))).toEqual([]);
  expect(defaultTiming.typingLapsesMs).toBe(events.typing.lapsesMs);
  expect(defaultTiming.typingEveryMs).toBeGreaterThan(events.typing.everyMs);
});
