import { describe, expect, it } from 'vitest'
import type { Approval, Approvals } from '../../api/approvals'
import { translate, type MessageKey } from '../../i18n'
import { change, isAlias, isProtected, isReason, MOST_WORDS, openOf, whyNot } from './approval'

const one = (part: Partial<Approval> = {}): Approval => ({
  id: 7, name: 'digits', alias: 'production', version: '3', from_version: '1', current_version: '1', state: 'open', stale: false,
  requested_by: 'ann', requested_at: 1, reason: 'recall', decided_by: null, decided_at: null, decision_reason: null, ...part,
})
const of = (part: Partial<Approvals> = {}): Approvals => ({ model_approvals: [], protected_aliases: ['production'], may_approve: false, user: 'bob', ...part })
const t = (key: MessageKey) => translate('en', key)

describe('protected aliases', () => {
  it('are known whatever their case, and while they are not there nothing is', () => {
    expect([isProtected(of(), 'Production'), isProtected(of(), 'candidate'), isProtected(undefined, 'production')]).toEqual([true, false, false])
  })

  it('have names that the server takes', () => {
    expect(['champion', '生产', 'a-b_1'].every(isAlias)).toBe(true)
    expect(['', 'a b', 'a.b', 'latest', 'v3', 'x'.repeat(256)].some(isAlias)).toBe(false)
  })
})

describe('requests', () => {
  it('are decided by somebody else who may', () => {
    expect(whyNot(one(), of({ may_approve: true }))).toBeUndefined()
    expect(whyNot(one(), of())).toBe('approvals.notYours')
    expect(whyNot(one(), of({ may_approve: true, user: 'ann' }))).toBe('approvals.own')
  })

  it('are open ones of this model', () => {
    const all = of({ model_approvals: [one(), one({ id: 8, state: 'approved' }), one({ id: 9, name: 'other' })] })
    expect(openOf(all, 'digits').map(({ id }) => id)).toEqual([7])
    expect(openOf(undefined, 'digits')).toEqual([])
  })

  it('say from where to where', () => {
    expect(change(t, one())).toBe('1 → 3')
    expect(change(t, one({ from_version: null }))).toBe('none → 3')
    expect(change(t, one({ version: null }))).toBe('1 → removed')
  })

  it('have a reason of some length', () => {
    expect([isReason(' \n'), isReason('better'), isReason('语'.repeat(MOST_WORDS)), isReason('x'.repeat(MOST_WORDS + 1))]).toEqual([false, true, true, false])
  })
})
