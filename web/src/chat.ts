import {
  type Answers,
  findMethod,
  Misfit,
  readName,
  readRoom,
  readToken,
  readTypedRoom,
} from './entry.ts';
import { ofThisWindow, remembered } from './memory.ts';
import { leaveToInputMethod } from './view/composing.ts';
import { SignInForm } from './view/sign-in-form.ts';
import { keepPage } from './view/files.ts';
import { speakLanguage } from './view/language.ts';
import { type SavedSession, Session } from './session.ts';
import { text } from './texts.ts';

/** The room somebody sees who comes for the first time. */
const FIRST_ROOM = 'general';

const signInForm = new SignInForm(join);
let session: Session | undefined;

/** The room that the address names, so that it can be sent to others; empty where it is none. */
function roomInAddress(): string {
  try {
    return readRoom(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return '';
  }
}

async function join(answers: Answers): Promise<void> {
  const token = readToken(answers.token);
  // A token says who somebody is; the name counts only where it does not.
  const name = token !== '' && answers.name.trim() === '' ? '' : readName(answers.name);
  const room = readTypedRoom(answers.room);
  const method = token === '' ? await findMethod(name) : ({ kind: 'token', token } as const);
  remembered.set('name', name);
  enter({ name, method, rooms: [room] }, room);
}

function enter(saved: SavedSession, room: string): void {
  signInForm.hide();
  session = new Session(saved, {
    ended: (problem) => {
      session = undefined;
      history.replaceState(null, '', location.pathname);
      const { method } = saved;
      const token = problem?.isAboutToken === true && method.kind === 'token' ? method.token : '';
      welcome(remembered.getItem('room') ?? room, token);
      if (problem === undefined) return;
      const { sentence, isAboutToken } = problem;
      const isGuest = method.kind === 'guest';
      if (!isAboutToken) signInForm.tell(new Error(sentence));
      else signInForm.tell(new Misfit('token', isGuest ? text('tokenNeeded') : sentence));
    },
  });
  session.open(room);
}

/** @param token one that was refused, to be put right */
function welcome(room = remembered.getItem('room') ?? FIRST_ROOM, token = ''): void {
  signInForm.show({ name: remembered.getItem('name') ?? '', room, token });
}

function savedSession(): SavedSession | undefined {
  try {
    return (
      (JSON.parse(ofThisWindow.getItem('session') ?? 'null') as SavedSession | null) ?? undefined
    );
  } catch {
    return undefined;
  }
}

window.addEventListener('hashchange', () => {
  const room = roomInAddress();
  if (room === '' && location.hash.length > 1) session?.stayHere();
  if (room === '' || room === session?.current) return;
  if (session === undefined) welcome(room);
  else session.open(room);
});

leaveToInputMethod();
keepPage();
await speakLanguage();

const saved = savedSession();
const room = roomInAddress() || saved?.rooms.at(-1);
if (saved !== undefined && room !== undefined) enter(saved, room);
else welcome(room);
