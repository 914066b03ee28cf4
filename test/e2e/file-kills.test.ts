import { expect, it, onTestFinished } from 'vitest';
import { Killable } from '../support/killable.ts';
import { NO_FILE_QUOTAS, uploadRun } from '../support/upload-run.ts';

it('[FILE9] leaves no bytes without a row, and no message without its file, over cuts and kills', async () => {
  const host = await Killable.node(NO_FILE_QUOTAS);
  onTestFinished(() => host.remove());
  // The soak `files` makes a thousand.
  const report = await uploadRun(host, host.folder, { uploads: 60, kills: 2, seed: 1 });
  expect(report.kills).toBe(2);
  expect(report.stored).toBeGreaterThan(10);
  expect(report.cut).toBeGreaterThan(0);
}, 120_000);
