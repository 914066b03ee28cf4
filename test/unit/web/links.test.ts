import { expect, test } from 'vitest';
import { linksIn } from '../../../web/src/links.ts';

function found(text: string): string[] {
  return linksIn(text).map(({ from, to }) => text.slice(from, to));
}

test.each([
  ['请看https://example.com/a，谢谢', ['https://example.com/a']],
  ['https://example.com/a。', ['https://example.com/a']],
  ['「https://example.com/a」', ['https://example.com/a']],
  [
    '（https://example.com/a）と【http://b.example】',
    ['https://example.com/a', 'http://b.example'],
  ],
  ['https://example.com/a…', ['https://example.com/a']],
  ['https://example.com/a？はい！', ['https://example.com/a']],
  ['https://example.com/a، شكرا', ['https://example.com/a']],
  ['https://example.com/a।', ['https://example.com/a']],
  ['«https://example.com/a»—so', ['https://example.com/a']],
])('%s has a link that ends before the punctuation of its script', (text, links) => {
  expect(found(text)).toEqual(links);
});

test.each([
  ['HTTPS://EXAMPLE.COM', ['HTTPS://EXAMPLE.COM']],
  ['Http://a.example and https://b.example.', ['Http://a.example', 'https://b.example']],
  ['ftp://a.example javascript:alert(1) data:text/html,x //a.example', []],
  ['https:// and http://', []],
])('%s has the links whose scheme is http or https, in any case', (text, links) => {
  expect(found(text)).toEqual(links);
});

test.each([
  ['https://en.wikipedia.org/wiki/A_(b)', 'https://en.wikipedia.org/wiki/A_(b)'],
  ['(https://en.wikipedia.org/wiki/A_(b)).', 'https://en.wikipedia.org/wiki/A_(b)'],
  ['(see https://a.example/b)', 'https://a.example/b'],
  ['[link](https://a.example/b) more', 'https://a.example/b'],
  ['(https://a.example/b)です', 'https://a.example/b'],
  ['http://[::1]:8080/a', 'http://[::1]:8080/a'],
  ['**https://a.example/b**, "https://a.example/b"', 'https://a.example/b'],
  ['https://a.example/?q=1&r[]=2#top!', 'https://a.example/?q=1&r[]=2#top'],
  ['https://ja.wikipedia.org/wiki/日本語、', 'https://ja.wikipedia.org/wiki/日本語'],
  ['https://ca.wikipedia.org/wiki/Col·lecció', 'https://ca.wikipedia.org/wiki/Col·lecció'],
  ['see (https://example.org/a?b=<c>)', 'https://example.org/a?b='],
])('%s has a link with its own brackets and letters', (text, link) => {
  expect(found(text)[0]).toBe(link);
});

test('an address with thousands of dots is read in one pass', () => {
  const dots = `https://a.example/${'.'.repeat(200_000)}`;
  expect(found(`${dots}b ${dots}`)).toEqual([`${dots}b`, 'https://a.example/']);
});
