import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { fillRoom } from '../../test/support/fill.ts';
import { corpus, type Corpus } from '../fill.ts';
import { rounded } from '../median.ts';
import { say, type Stage } from '../stage.ts';

/** What a message takes in a room's file, in bytes. */
export interface ShareRow {
  corpus: Corpus;
  messages: number;
  /** Its text alone, in UTF-8. */
  text: number;
  /** Its rows, with their own indexes. */
  stored: number;
  /** Its part of the search index. */
  index: number;
  /** The search index as a ratio to everything else. */
  share: number;
}

/** What the search index adds to the file of a room, for each kind of script. */
export async function runShare(stage: Stage, messages: number): Promise<ShareRow[]> {
  const rows: ShareRow[] = [];
  for (const kind of ['latin', 'ideographic'] as const) {
    const path = join(stage.newFolder(), `${kind}.sqlite`);
    const next = corpus(kind);
    await fillRoom({ path, roomId: kind, messages, textOf: () => next() });
    rows.push(shareOf(path, kind, messages));
    say(`measured a room of ${messages} messages, ${kind}`);
  }
  return rows;
}

function shareOf(path: string, kind: Corpus, messages: number): ShareRow {
  const database = new DatabaseSync(path);
  const number = (query: string) => Number(Object.values(database.prepare(query).get() ?? {})[0]);
  try {
    const all = number('SELECT sum(pgsize) FROM dbstat');
    const index = number("SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'search%'");
    return {
      corpus: kind,
      messages,
      text: rounded(number('SELECT sum(octet_length(message)) FROM messages') / messages),
      stored: rounded((all - index) / messages),
      index: rounded(index / messages),
      share: rounded(index / (all - index)),
    };
  } finally {
    database.close();
  }
}
