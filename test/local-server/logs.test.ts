import { describe, expect, test } from 'vitest';
import { type Level, Logger, levels } from '../../src/observability/logger.ts';
import { Histogram } from '../../src/observability/metrics.ts';
import { DatabaseSync } from 'node:sqlite';

function logger(least: Level = 'debug') {
  const lines: string[] = [];
  const now = () => Date.UTC(2026, 0, 2, 3, 4, 5, 6);
  return { lines, log: new Logger({ minLevel: least, write: (_, line) => lines.push(line), now }) };
}

function read(lines: readonly string[]): unknown[] {
  return lines.map((line) => JSON.parse(line));
}

describe('a log line', () => {
  test('is one JSON object that begins with time, level and event', () => {
    const { log, lines } = logger();
    log.about({ room: 'lobby' }).event('info', 'connected', { connection: 'c1', code: undefined });
    expect(lines).toEqual([
      '{"time":"2026-01-02T03:04:05.006Z","level":"info","event":"connected","room":"lobby","connection":"c1"}',
    ]);
  });

  test.each(levels)('of %s or above is written at that level', (least) => {
    const { log, lines } = logger(least);
    for (const level of levels) log.event(level, level);
    const expected = levels.slice(levels.indexOf(least));
    expect(read(lines)).toMatchObject(expected.map((level) => ({ level, event: level })));
    expect(levels.filter((level) => log.writes(level))).toEqual(expected);
  });

  test('escapes line ends and terminal sequences', () => {
    const { log, lines } = logger();
    const evil = [
      'a\n{"level":"error","event":"forged"}',
      'a\r\u2028\u2029\u0085b',
      '\u001B[2J\u001B]0;title\u0007\u009B31m',
      'admin\u202Egnp.exe\u2066\u200B\uFEFF',
      '"}',
      '\uD800',
    ];
    for (const room of evil) log.event('info', 'connected', { room });
    expect(lines).toHaveLength(evil.length);
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7E]+$/);
    expect(read(lines)).toMatchObject(evil.map((room) => ({ event: 'connected', room })));
  });

  test('has long fields cut', () => {
    const { log, lines } = logger();
    log.event('info', 'connected', { room: 'x'.repeat(100_000) });
    expect(lines[0]!.length).toBeLessThan(500);
  });
});

describe('a failure', () => {
  test('is logged with its class and place, without quoted values', () => {
    const { log, lines } = logger();
    try {
      JSON.parse('my secret diary {');
    } catch (error) {
      log.failure('upgrade', error);
    }
    const [line] = read(lines) as [Record<string, string>];
    expect(line).toMatchObject({ level: 'error', event: 'failure', what: 'upgrade' });
    expect(line['error']).toMatch(/^SyntaxError: /);
    expect(line['at']).toMatch(/logs\.test\.ts/);
    expect(lines[0]).not.toContain('diary');
  });

  test('of SQLite shows neither queries nor stored text', () => {
    const { log, lines } = logger();
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE VIRTUAL TABLE t USING fts5(x)');
    for (const text of ['diary:secret', 'diary "secret', "diary's secret"]) {
      try {
        database.prepare('SELECT * FROM t WHERE t MATCH ?').all(text);
      } catch (error) {
        log.failure('searchMessages', error);
      }
    }
    database.close();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toContain('secret');
  });

  test('that is not an Error is logged by its type only', () => {
    const { log, lines } = logger();
    log.failure('http', 'a text that somebody wrote');
    expect(read(lines)).toMatchObject([{ what: 'http', error: 'string' }]);
  });
});

test('a quantile is the upper end of its bucket, at most the largest value', () => {
  const histogram = new Histogram([1, 2, 5]);
  expect(histogram.quantile(0.99)).toBe(0);
  for (const value of [0.5, 1, 1.5, 4, 30]) histogram.observe(value);
  expect([0.2, 0.4, 0.6, 0.8, 1].map((part) => histogram.quantile(part))).toEqual([1, 1, 2, 5, 30]);
});
