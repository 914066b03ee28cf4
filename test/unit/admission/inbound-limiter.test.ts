import { expect, it } from 'vitest';
import { commandsIn, InboundLimiter, weightOf } from '../../../src/admission/inbound-limiter.ts';
import { readSettings } from '../../../src/settings/settings.ts';

const { limits } = readSettings({ COMMANDS_PER_SECOND: '50', COMMAND_BURST: '200' }).settings;

it('a socket is within its pace at twice what a user may do', () => {
  const pace = new InboundLimiter(limits, 0);
  for (let sent = 0; sent < 400; sent++) expect(pace.aheadMs(0)).toBe(0);
  expect(pace.aheadMs(0)).toBe(10);
  expect(pace.aheadMs(10)).toBe(10);
  expect(pace.aheadMs(30)).toBe(0);
});

it('a socket that was silent has no more saved up than in the beginning', () => {
  const pace = new InboundLimiter(limits, 0);
  expect(pace.aheadMs(3_600_000, 400)).toBe(0);
  expect(pace.aheadMs(3_600_000, 100)).toBe(1_000);
});

it('a clock that goes back costs nobody anything', () => {
  const pace = new InboundLimiter(limits, 1_000);
  expect(pace.aheadMs(500, 400)).toBe(0);
  expect(pace.aheadMs(510)).toBe(0);
});

it('a frame counts as many commands as it has lines', () => {
  expect(['', 'ping', 'a\nb', 'a\nb\n'].map(commandsIn)).toEqual([1, 1, 2, 3]);
});

it('a frame that was read whole counts by its lines, or by how many messages it could hold', () => {
  const weights = ['', 'a\nb\nc', 'x'.repeat(8_191), 'x'.repeat(1024 * 1024)].map((frame) =>
    weightOf(frame, limits),
  );
  expect(weights).toEqual([1, 3, 1, 128]);
  expect(weightOf(new ArrayBuffer(81_920), limits)).toBe(10);
});
