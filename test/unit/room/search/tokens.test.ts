import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { fold } from '../../../../src/room/search/fold.ts';
import { tokensOf } from '../../../../src/room/search/tokens.ts';

const ascii = fc.string({ unit: 'binary-ascii', maxLength: 60 });

it('tokens of ASCII text are the same when a non-ASCII letter follows', () => {
  fc.assert(
    fc.property(ascii, (text) => {
      const withAnother = tokensOf(`${fold(text)} é`);
      expect(tokensOf(fold(text))).toEqual(withAnother.slice(0, -1));
    }),
    { numRuns: 2_000 },
  );
});

it('a token begins at each number, and `C++` and `F#` keep their signs', () => {
  const texts = tokensOf(fold('iPhone15 runs v1.2 of C++, F# and 2nd #tag')).map(
    ({ text }) => text,
  );
  expect(texts.join(' ')).toBe('iphone 15 runs v 1 2 of c ++ f # and 2nd tag');
});
