import * as fc from 'fast-check';

/** Pieces of every kind that folding and cutting treat specially. */
const PIECES = [
  'a B é e\u0301 ß İ Σ ς Đ ﬁ Ａ ㎏ … ½ １ 7 . - + # " @ = * _',
  "会 議 𠮷 か \u3099 ﾕ ｻ ﾞ ー ﷺ ㍿ 학 교 ᄀ ᅡ ㄱ ㅏ ﾡ ￂ ㅋ '",
  'ท ี่ ำ த மி ழ் दि न ש \u05C1 مُ حَمّ ـ ی \u200D \u00AD \u200B',
  '🎉 ❤\uFE0F 👍🏽 👨‍👩‍👧 🇩🇪 🇩 1\uFE0F\u20E3 \n \0 \u0002 \u0003',
]
  .flatMap((pieces) => pieces.split(' '))
  .concat(' ');

/** Well-formed text in many scripts. */
export const anyText = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 80 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
);
