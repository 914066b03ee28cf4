import type { Payload, Room } from '../../../src/client/index.ts';
import { isOwner } from '../rights.ts';
import { element } from './dom.ts';
import { box, field, openDialog, select } from './dialog.ts';
import { exactDurationOf } from '../sentences.ts';
import { text } from '../texts.ts';

/** The choices for slow mode, in seconds. */
const PAUSES = [0, 5, 30, 60, 300] as const;

/** Lets moderators set the topic and slow mode, and owners everything. */
export function openSettings(room: Room): void {
  const { room: info } = room.state;
  if (info === undefined) return;
  const topic = element('input', '');
  topic.value = info.topic ?? '';
  topic.autocomplete = 'off';
  const pauses = [...new Set([...PAUSES, info.slowModeSeconds])].map(
    (seconds) => [String(seconds), seconds === 0 ? text('off') : exactDurationOf(seconds)] as const,
  );
  const slow = select(pauses, String(info.slowModeSeconds));
  const isPrivate = box(text('private'), text('privateHint'), info.private);
  const readOnly = box(text('announcements'), text('announcementsHint'), info.readOnly);
  const days = element('input', '');
  days.inputMode = 'numeric';
  days.value = info.retentionDays === undefined ? '' : String(info.retentionDays);
  days.autocomplete = 'off';
  const forModerators = [
    field(text('topic'), topic, text('topicHint')),
    field(text('slowModeName'), slow, text('slowModeHint')),
  ];
  const forOwners = [
    isPrivate.part,
    readOnly.part,
    field(text('keepDays'), days, text('keepDaysHint')),
  ];
  const isOwners = isOwner(room.state);
  openDialog({
    title: text('roomSettings'),
    confirm: text('save'),
    parts: isOwners ? [...forModerators, ...forOwners] : forModerators,
    run: () =>
      room.ask('updateRoom', {
        topic: topic.value.trim(),
        slowModeSeconds: Number(slow.value),
        ...(isOwners && {
          private: isPrivate.input.checked,
          readOnly: readOnly.input.checked,
          retentionDays: daysOf(days.value),
        }),
      }),
  });
}

/** Reads a number of days; null if empty. @throws Error with one sentence if it is no such number */
function daysOf(said: string): Payload<'updateRoom'>['retentionDays'] {
  if (said.trim() === '') return null;
  const days = Number(said);
  if (Number.isInteger(days) && days > 0) return days;
  throw new Error(text('enterDays'));
}
