/** How many tests of a run passed, failed and were skipped. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** The part of the report of vitest's `json` reporter that is read. */
export interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: readonly { status: string; assertionResults: readonly unknown[] }[];
}

/**
 * Counts a run. A file that did not load counts as a failed test, and so does a run that failed
 * without a failed test.
 * @param report undefined if vitest wrote none
 */
export function tallyOf(report: Report | undefined, exitCode: number): Tally {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const failed = report.numFailedTests + unloaded.length;
  return {
    passed: report.numPassedTests,
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** The counts where no test may be left out: without a browser, skipped tests count as failed. */
export function strictly({ passed, failed, skipped }: Tally, hasBrowser: boolean): Tally {
  return hasBrowser
    ? { passed, failed, skipped }
    : { passed, failed: failed + skipped, skipped: 0 };
}

/** The closing line for people. */
export function closingLine({ passed, failed, skipped }: Tally, hasBrowser: boolean): string {
  const all = passed + failed;
  const outcome =
    failed === 0 ? `All ${all} tests that ran passed.` : `${failed} of ${all} tests failed.`;
  if (skipped === 0) return outcome;
  return hasBrowser
    ? `${outcome} Skipped: ${skipped}.`
    : `${outcome} The browser tests did not run (${skipped} skipped): install Chromium, or set CHROMIUM_PATH to where it is.`;
}
