import { once } from './once.ts';

const segmenter = once(() => new Intl.Segmenter(undefined, { granularity: 'grapheme' }));

/** The characters of a text as people count them. */
export function graphemesOf(text: string): Intl.Segments {
  return segmenter().segment(text);
}
