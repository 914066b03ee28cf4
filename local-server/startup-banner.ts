/** What a host prints when it starts. */
export interface StartupInfo {
  /** Where it listens. */
  url: string;
  /** Only this machine can reach it: development mode on loopback. */
  isLocal: boolean;
  isDevelopment: boolean;
  allowGuests: boolean;
  /** What tokens are signed with: the name of a setting, or of the file with a made secret. */
  signedWith: string;
  /** Web pages that may connect besides the host's own, as `CLIENT_URL` names them. */
  clientUrl: string | undefined;
  /** Folder with the rooms. */
  data: string;
  /** Sentences about settings. */
  warnings: readonly string[];
}

/** Address, access, data folder and next step, one line each. */
export function startupBanner(host: StartupInfo): string {
  const { url, clientUrl, warnings } = host;
  const users = `${host.allowGuests ? 'guests, and ' : ''}whoever has a token signed with ${host.signedWith}`;
  const pages = [
    'of its own',
    ...(host.isLocal ? ['of every port of this machine'] : []),
    ...(clientUrl === undefined ? [] : [`of ${clientUrl}`]),
  ].join(' and ');
  return [
    `Parlor listens on ${url}${host.isLocal ? ' (this machine only)' : ''}.`,
    `Who may enter: ${users}, from web pages ${pages}.`,
    `Data lies in ${host.data}.`,
    ...(host.isLocal ? [`A token for alice: ${url}/test-token?username=alice`] : []),
    ...(host.isDevelopment ? [`Open ${url} in two windows to chat; Ctrl+C stops.`] : []),
    ...warnings,
    '',
  ].join('\n');
}
