/** What was typed into the search: words, and filters. */
export interface SearchQuery {
  words: string;
  /** The name of a sender. */
  from?: string;
  /** The beginning of a day, epoch milliseconds in this time zone. */
  before?: number;
}

const FILTER = /(?:^|\s)(from|before):(?:"([^"]*)"|(\S+))/giu;

/** Takes `from:name`, `from:"first last"` and `before:2026-11-20` out of what was typed. */
export function readSearchQuery(typed: string): SearchQuery {
  const query: SearchQuery = { words: '' };
  const words = typed.replaceAll(
    FILTER,
    (all: string, name: string, quoted?: string, plain?: string) => {
      const value = quoted ?? plain ?? '';
      if (name.toLowerCase() === 'from') query.from = value.replace(/^@/u, '');
      else {
        const moment = momentOf(value);
        if (moment === undefined) return all;
        query.before = moment;
      }
      return ' ';
    },
  );
  query.words = words.trim();
  return query;
}

/** The beginning of a day such as `2026-11-20`. */
export function momentOf(day: string): number | undefined {
  const [, year, month, date] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(day.trim()) ?? [];
  if (year === undefined) return undefined;
  const moment = new Date(Number(year), Number(month) - 1, Number(date));
  return moment.getMonth() === Number(month) - 1 ? moment.getTime() : undefined;
}
