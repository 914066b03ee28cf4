import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorCodes } from '../../../src/protocol/codes/errors.ts';
import { text, type Texts } from '../../../web/src/texts.ts';
import { problems as germanProblems, texts as german } from '../../../web/src/texts/de.ts';
import { texts as first } from '../../../web/src/texts/en.ts';
import { texts as extras } from '../../../web/src/texts/en-extras.ts';

const english = { ...first, ...extras };

const SOURCE = join(import.meta.dirname, '../../../web/src');

/** Each form of a text, by plural category. */
function formsOf(found: Texts[keyof Texts]): Record<string, string> {
  return typeof found === 'string' ? { other: found } : { ...found };
}

/** A form's placeholders, except `count`, which some forms write as a word. */
const placeholdersIn = (form: string) =>
  new Set(Array.from(form.matchAll(/\{(?!count\})(\w+)\}/g), ([, name]) => name));

const keys = Object.keys(english) as (keyof typeof english)[];

describe('the texts of the page', () => {
  test('have the same keys in German as in English', () => {
    expect(Object.keys(german).toSorted()).toEqual(keys.toSorted());
  });

  test('have the same placeholders in every form of both languages', () => {
    for (const key of keys) {
      const expected = placeholdersIn(formsOf(english[key])['other'] ?? '');
      for (const texts of [english, german]) {
        for (const form of Object.values(formsOf(texts[key]))) {
          expect([key, placeholdersIn(form)]).toEqual([key, expected]);
        }
      }
    }
  });

  test('have a form for each plural category of their language', () => {
    for (const [language, texts] of Object.entries({ en: english, de: german })) {
      const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
      for (const key of keys) {
        const forms = texts[key];
        if (typeof forms === 'string') continue;
        expect([key, Object.keys(forms).toSorted()]).toEqual([key, pluralCategories.toSorted()]);
      }
    }
  });

  test('explain each error code in German', () => {
    expect(Object.keys(germanProblems).toSorted()).toEqual(Object.keys(errorCodes).toSorted());
  });

  test('are all used', () => {
    const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
    const source = files
      .filter((name) => /\.(ts|html)$/.test(name) && !name.startsWith('texts'))
      .map((name) => readFileSync(join(SOURCE, name), 'utf8'))
      .join('');
    const unused = keys.filter(
      (key) => !new RegExp(`['"]${key}['"]`).test(source) && !key.startsWith('role_'),
    );
    expect(unused).toEqual([]);
  });

  test('choose the plural form by count', () => {
    expect([0, 1, 2].map((count) => text('replies', { count }))).toEqual([
      '0 replies',
      '1 reply',
      '2 replies',
    ]);
    expect(text('replies', { count: '1000+' })).toBe('1000+ replies');
  });
});
