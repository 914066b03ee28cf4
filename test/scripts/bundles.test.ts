import { expect, test } from 'vitest';
import { weigh } from '../../scripts/bundles.ts';

test('a bundle over its budget, or with a dependency inside, is reported', async () => {
  const entry = 'src/protocol/position.ts';
  const light = { name: 'light', entry, external: [], mostBytes: 2_000 };
  const { fits, line } = await weigh(light);
  expect([fits, line]).toEqual([true, expect.stringMatching(/^light: \d+ of 2000 bytes$/)]);
  const heavy = await weigh({ ...light, name: 'heavy', mostBytes: 20 });
  expect(heavy.fits).toBe(false);
  expect(heavy.line).toMatch(/^heavy: \d+ of 20 bytes, which is too much$/);
  const foreign = await weigh({
    name: 'foreign',
    entry: 'src/protocol/objects.ts',
    external: [],
    mostBytes: 1e9,
  });
  expect(foreign.fits).toBe(false);
  expect(foreign.line).toContain('foreign holds node_modules/zod/');
});
