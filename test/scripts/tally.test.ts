import { describe, expect, test } from 'vitest';
import { closingLine, type Report, strictly, tallyOf } from '../../scripts/tally.ts';

function report(
  passed: number,
  failed: number,
  skipped: number,
  more: Partial<Report> = {},
): Report {
  return {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: [],
    ...more,
  };
}

describe('counting a run', () => {
  test('uses the counts of vitest', () => {
    expect(tallyOf(report(5, 2, 1), 1)).toEqual({ passed: 5, failed: 2, skipped: 1 });
  });

  test('counts todo tests as skipped', () => {
    expect(tallyOf(report(5, 0, 1, { numTodoTests: 2 }), 0).skipped).toBe(3);
  });

  test('counts a file that failed to load as failed', () => {
    const testResults = [
      { status: 'failed', assertionResults: [] },
      { status: 'passed', assertionResults: [{}] },
    ];
    expect(tallyOf(report(2, 0, 0, { testResults }), 1).failed).toBe(1);
  });

  test('counts a failure outside of tests', () => {
    expect(tallyOf(report(2, 0, 0), 1).failed).toBe(1);
  });

  test('counts a run without a report as failed', () => {
    expect(tallyOf(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test('counts skipped browser tests as failed where skipping is not allowed', () => {
    const tally = { passed: 5, failed: 1, skipped: 2 };
    expect(strictly(tally, false)).toEqual({ passed: 5, failed: 3, skipped: 0 });
    expect(strictly(tally, true)).toEqual(tally);
  });
});

test.each([
  [{ passed: 3, failed: 0, skipped: 0 }, true, 'All 3 tests that ran passed.'],
  [{ passed: 3, failed: 1, skipped: 0 }, true, '1 of 4 tests failed.'],
  [{ passed: 3, failed: 0, skipped: 2 }, true, 'All 3 tests that ran passed. Skipped: 2.'],
  [
    { passed: 3, failed: 0, skipped: 2 },
    false,
    'All 3 tests that ran passed. The browser tests did not run (2 skipped): install Chromium, or set CHROMIUM_PATH to where it is.',
  ],
])('the closing line of %j with a browser: %s', (tally, hasBrowser, line) => {
  expect(closingLine(tally, hasBrowser)).toBe(line);
});
