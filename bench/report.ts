import type { Figure } from './plans/talk.ts';
import { table } from './table.ts';
import type { Verdict } from './targets.ts';

const HEAD = [
  'contestant',
  'µs/delivery',
  'ratio',
  'deliveries/s',
  'messages/s',
  'a frame',
  'p50 ms',
  'p99 ms',
  'rounds',
];

export function figureText({ members, mode, rows }: Figure): string {
  const body = rows.map((row) => [
    row.name,
    row.cpuUs.toFixed(2),
    row.ratio.toFixed(2),
    row.deliveriesPerSecond.toFixed(0),
    row.messagesPerSecond.toFixed(0),
    row.perFrame.toFixed(1),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    `${row.rounds}${row.voidRounds > 0 ? ` (${row.voidRounds} void)` : ''}`,
  ]);
  return `\n${members} members, ${mode}\n${table(HEAD, body)}`;
}

export function verdictText(verdicts: readonly Verdict[]): string {
  const body = verdicts.map(({ what, target, seen, met }) => [
    what,
    String(target),
    String(seen),
    met ? 'met' : 'MISSED',
  ]);
  return `\n${table(['promised', 'bound', 'seen', ''], body)}`;
}
