import { expect, it } from 'vitest';
import {
  deferrable,
  durable,
  ephemeral,
  type EventName,
  events,
} from '../../../src/protocol/events.ts';

it('treats an event as durable if its payload has a rev', () => {
  const names = Object.keys(events) as EventName[];
  expect(names.filter((name) => 'rev' in events[name].shape)).toEqual([...durable]);
});

it('never drops a durable event, and defers none but ephemeral ones', () => {
  expect([...durable].filter((name) => ephemeral.has(name))).toEqual([]);
  expect([...deferrable].filter((name) => !ephemeral.has(name))).toEqual([]);
});
