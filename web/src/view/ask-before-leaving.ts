import type { Outgoing } from '../../../src/client/index.ts';
import { joinNames } from '../names.ts';
import { openDialog } from './dialog.ts';
import { element } from './dom.ts';
import { text } from '../texts.ts';

export interface Leaving {
  title: string;
  confirm: string;
  /** Rooms with a draft, which is removed. */
  drafts: readonly string[];
  unsent: readonly Outgoing[];
  /** A sentence about what happens to the unsent messages. */
  unsentStays: string;
  leave: () => void;
}

/** Asks a user who has drafts or unsent messages before they leave or sign out. */
export function askBeforeLeaving(leaving: Leaving): void {
  const { title, confirm, drafts, unsent, unsentStays, leave } = leaving;
  const sentences: string[] = [];
  if (drafts.length > 0) {
    sentences.push(text('draftsRemoved', { rooms: joinNames(drafts) }));
  }
  if (unsent.length > 0) {
    sentences.push(text('notSentCount', { count: unsent.length, stays: unsentStays }));
  }
  if (sentences.length === 0) leave();
  else {
    const parts = sentences.map((sentence) => element('p', '', sentence));
    openDialog({ title, confirm, isDanger: true, parts, run: () => undefined, after: leave });
  }
}
