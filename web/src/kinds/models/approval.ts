import type { Approval, Approvals } from '../../api/approvals'
import type { MessageKey, Translate } from '../../i18n'

/** What the pages say about protected aliases, without anything on the screen. */

const ALIAS = /^[\p{L}\p{N}_-]{1,255}$/u
/** Of a reason, in characters. */
export const MOST_WORDS = 2000

export const isAlias = (text: string): boolean => ALIAS.test(text) && !/^(latest|v\d+)$/i.test(text)

/** Whatever the case, as the server sees it. */
export function isProtected(approvals: Approvals | undefined, alias: string): boolean {
  return approvals?.protected_aliases.some((one) => one.toLowerCase() === alias.toLowerCase()) ?? false
}

export function isReason(text: string): boolean {
  const length = [...text.trim()].length
  return length > 0 && length <= MOST_WORDS
}

export const openOf = (approvals: Approvals | undefined, name: string): Approval[] =>
  approvals?.model_approvals.filter((one) => one.state === 'open' && one.name === name) ?? []

/** Why the signed-in person does not decide on a request; undefined where they may. */
export function whyNot(one: Approval, { user, may_approve }: Pick<Approvals, 'user' | 'may_approve'>): MessageKey | undefined {
  if (one.requested_by === user) return 'approvals.own'
  return may_approve ? undefined : 'approvals.notYours'
}

/** "1 → 3", "new → 3", "3 → removed". */
export function change(t: Translate, { from_version, version }: Pick<Approval, 'from_version' | 'version'>): string {
  return `${from_version ?? t('approvals.none')} → ${version ?? t('approvals.removed')}`
}

export const STATE: Record<Approval['state'], { word: MessageKey; tone: 'warning' | 'success' | 'error' | 'muted' }> = {
  open: { word: 'approvals.open', tone: 'warning' },
  approved: { word: 'approvals.approved', tone: 'success' },
  rejected: { word: 'approvals.rejected', tone: 'error' },
  withdrawn: { word: 'approvals.withdrawn', tone: 'muted' },
}
