import { afterEach, expect, it, vi } from 'vitest';
import { LateSignals, MAX_LATE_SIGNALS } from '../../../src/following/late-signals.ts';

afterEach(() => vi.useRealTimers());

it('[SIG4] the signals of a link that was handed over are kept, and no other lines', async () => {
  const late = new LateSignals(() => undefined);
  late.take(['["cursor",{"x":1}]', '["message",{"rev":7}]', '["ack",3,{"ok":true}]']);
  late.take(['["typing",{}]', '["dice rolled"]']);
  late.end();
  expect(await late.all).toEqual(['["cursor",{"x":1}]', '["dice rolled"]']);
});

it('[SIG4] of very many late signals the newest are kept', async () => {
  const late = new LateSignals(() => undefined);
  for (let at = 0; at <= MAX_LATE_SIGNALS; at++) late.take([`["tick",${at}]`]);
  late.end();
  const kept = await late.all;
  expect(kept).toHaveLength(MAX_LATE_SIGNALS);
  expect(kept[0]).toBe('["tick",1]');
});

it('[SIG4] late signals are dropped when no other link takes over in time', async () => {
  vi.useFakeTimers();
  const close = vi.fn<() => void>();
  const late = new LateSignals(close);
  late.take(['["cursor",{"x":1}]']);
  vi.runAllTimers();
  expect(close).toHaveBeenCalledOnce();
  late.end();
  expect(await late.all).toEqual([]);
});
