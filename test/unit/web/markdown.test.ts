import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linksIn } from '../../../web/src/links.ts';
import { type Block, type Inline, leavesOf, parseMarkdown } from '../../../web/src/markdown.ts';

/** A parsed text in a short notation. */
function shown(text: string): string {
  return parseMarkdown(text, linksIn(text))
    .map((block) => blockOf(text, block))
    .join('¶');
}

function blockOf(text: string, block: Block): string {
  switch (block.kind) {
    case 'fence':
      return `fence ${block.language}(${text.slice(block.code.from, block.code.to)})`;
    case 'list': {
      const items = block.items.map(
        ({ isNested, parts }) => `${isNested ? '>' : ''}${inlines(text, parts)}`,
      );
      return `list ${block.start ?? ''}(${items.join('|')})`;
    }
    case 'quote':
      return `quote(${inlines(text, block.parts)})`;
    default:
      return inlines(text, block.parts);
  }
}

function inlines(text: string, parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      if ('parts' in part) return `<${part.kind} ${inlines(text, part.parts)}>`;
      const said = text.slice(part.from, part.to);
      return part.kind === 'text' ? said : `<${part.kind} ${said}>`;
    })
    .join('');
}

describe('Markdown of a message', () => {
  test.each([
    ['plain text, as it is', 'plain text, as it is'],
    ['**bold** and *italic*', '<bold bold> and <italic italic>'],
    ['__bold__ and _italic_', '<bold bold> and <italic italic>'],
    ['***both***', '<bold <italic both>>'],
    ['**bold *and italic* so**', '<bold bold <italic and italic> so>'],
    ['~~gone~~', '<strike gone>'],
    ['a `b *c*` d', 'a <code b *c*> d'],
    ['``a ` b``', '<code a ` b>'],
    ['snake_case_name and 2 * 3 * 4', 'snake_case_name and 2 * 3 * 4'],
    ['5*3*2 = 30', '5*3*2 = 30'],
    ['这是**重要**的', '这是<bold 重要>的'],
    ['*a *b* c', '*a <italic b> c'],
    ['**not closed', '**not closed'],
    ['****', '****'],
    ['**https://a.example/x_y_z**', '<bold <atom https://a.example/x_y_z>>'],
    ['[here](https://a.example/)', '<link here>'],
    ['[https://b.example](https://a.example/)', '[<atom https://b.example>](https://a.example/)'],
    ['[here](javascript:alert(1))', '[here](javascript:alert(1))'],
  ])('reads %s', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test.each([
    ['```ts\nconst a = 1;\n```', 'fence ts(const a = 1;)'],
    ['```\na\n\nb\n```\nafter', 'fence (a\n\nb)¶after'],
    ['```\nnever closed', '```\nnever closed'],
    ['> said\n> twice\nanswer', 'quote(said\ntwice)¶answer'],
    ['>_< no quote', '>_< no quote'],
    ['- a\n- **b**\n  - c', 'list (a|<bold b>|>c)'],
    ['3. c\n4. d\nend', 'list 3(c|d)¶end'],
    ['one\ntwo', 'one\ntwo'],
    ['list:\n- a', 'list:¶list (a)'],
  ])('reads the lines of %j', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  /** Random texts of Markdown signs and their surroundings, so that they meet every rule. */
  const hostile = fc
    .array(
      fc.oneof(
        fc.constantFrom('*', '**', '***', '_', '__', '~~', '`', '``', '```', '\n', ' ', '> ', '- '),
        fc.constantFrom(
          '1. ',
          '[',
          ']',
          '](https://a.example/',
          ')',
          'https://b.example',
          '字',
          'ש',
        ),
        fc.string({ unit: 'binary', maxLength: 4 }),
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join(''));

  test.each(['*\0**[***', '*a **b***', '**a *b***'])(
    'closes three stars from the inside out: %j',
    (text) => {
      const leaves = leavesOf(parseMarkdown(text, []));
      expect(leaves.map(({ from, to }) => text.slice(from, to)).join('')).not.toBe('');
    },
  );

  test('loses and invents no word, whatever the text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const leaves = leavesOf(parseMarkdown(text, linksIn(text)));
        let end = 0;
        for (const { from, to } of leaves) {
          expect(from).toBeGreaterThanOrEqual(end);
          expect(to).toBeLessThanOrEqual(text.length);
          // Only signs and the addresses of links are left out.
          expect(text.slice(end, from)).toMatch(
            /^(?:[*_~`>\s\-+\d.)[\]]|\]\(https?:\/\/[^\s()<>]*\)|(?<=```)[\w+#.-]*)*$/,
          );
          end = Math.max(end, to);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    '*',
    '**a ',
    '_a',
    '`',
    '``a`',
    '~~',
    '[',
    '[a](https://',
    '> ',
    '- ',
    '```\n',
    '*_~~',
  ])('takes time in proportion to the text when %j is repeated', (part) => {
    const steps = (times: number) => {
      const text = part.repeat(times);
      return leavesOf(parseMarkdown(text, linksIn(text))).length;
    };
    // Ten times the largest message: quadratic time would exceed the test's timeout.
    expect(steps(80_000 / part.length)).toBeLessThan(160_000);
  });
});
