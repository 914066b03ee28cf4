import { expect } from 'vitest';

/** One line of an example: a tuple that a user sends or receives. */
export interface ExampleLine {
  who: string;
  /** `>` goes to the room, `<` comes from it. */
  way: '>' | '<';
  tuple: [name: string, ...rest: unknown[]];
}

/** The examples of a page: lines of its `tuples` blocks such as `alice > ["typing", {}, 1]`. */
export function examplesIn(page: string, language = 'tuples'): ExampleLine[] {
  const barrier = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm');
  const blocks = [...page.matchAll(barrier)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    block
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [, who = '', way = '', text = ''] = /^(\w+) ([<>]) (\[.*\])$/.exec(line) ?? [];
        if (way !== '<' && way !== '>') throw new Error(`No line of an example: ${line}`);
        return { who, way, tuple: JSON.parse(text) as ExampleLine['tuple'] };
      }),
  );
}

/** Fields whose values differ from run to run: times, tokens, epochs and positions. */
const VOLATILE = new Set([
  'timestamp',
  'createdAt',
  'editedAt',
  'deletedAt',
  'mutedUntil',
  'expiresAt',
  'fileToken',
  'epoch',
  'position',
]);

/** A value with the type in place of each volatile value, so that two runs can be compared. */
export function steady(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(steady);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (!VOLATILE.has(key)) return [key, steady(inner)];
      expect(['string', 'number']).toContain(typeof inner);
      return [key, typeof inner];
    }),
  );
}
