import type { Room } from '../../../src/client/index.ts';
import { firstSeqFrom } from '../date-search.ts';
import { momentOf } from '../search-query.ts';
import { text } from '../texts.ts';
import { field, openDialog } from './dialog.ts';
import { element } from './dom.ts';

/** Asks for a day, and shows the first message of that day or later. */
export function askDate(room: Room, jump: (seq: number) => void): void {
  const day = element('input', '');
  day.type = 'date';
  let seq: number | undefined;
  openDialog({
    title: text('goToDate'),
    parts: [field(text('day'), day)],
    confirm: text('go'),
    run: async () => {
      const moment = momentOf(day.value);
      if (moment === undefined) throw new Error(text('chooseDay'));
      seq = await firstSeqFrom(room, moment);
      if (seq === undefined) throw new Error(text('nothingSince'));
    },
    after: () => {
      if (seq !== undefined) jump(seq);
    },
  });
}
