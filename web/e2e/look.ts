import type { Page } from 'playwright-core'
import { MESSAGES } from '../src/i18n/messages'
import { violations } from './axe'

/** How a page is shown. */
export interface Look {
  language: 'en' | 'zh-CN'
  theme: 'light' | 'dark'
  width: number
}

/** Every language in every theme; and either of them on a desk and on a telephone. */
export const LOOKS: Look[] = [
  { language: 'en', theme: 'light', width: 1440 },
  { language: 'en', theme: 'dark', width: 390 },
  { language: 'zh-CN', theme: 'light', width: 390 },
  { language: 'zh-CN', theme: 'dark', width: 1440 },
]

/** Two that have nothing in common. */
export const CORNERS: Look[] = [{ language: 'en', theme: 'light', width: 1440 }, { language: 'zh-CN', theme: 'dark', width: 390 }]

const messages = Object.entries(MESSAGES)
const KEYS = new Set(messages.map(([key]) => key))
const CHINESE = new Set(messages.map(([, [, chinese]]) => chinese as string))
/** What servers say in the same words as the portal, in English. */
const SERVERS = ['services.replicasReady']
/** What is said in English alone, as it stands on a page: what a message is filled with may be anything. */
const ENGLISH = messages.flatMap(([key, [english]]) => {
  const own = english.replace(/\{[^}]*\}/g, ' ').match(/[A-Za-z']{3,}/g) ?? []
  return CHINESE.has(english) || own.length === 0 || SERVERS.includes(key) ? [] : [{ key, said: pattern(english), isPhrase: own.length > 1 }]
})

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

function pattern(message: string): RegExp {
  const parts = message.split(/(\{[^}]*\})/).map((part) => {
    const [, one, many] = /^\{\w+\|([^|]*)\|([^}]*)\}$/.exec(part) ?? []
    if (one !== undefined) return `(?:${literal(one)}|${literal(many ?? '')})`
    return part.startsWith('{') ? '.{1,24}' : literal(part)
  })
  return new RegExp(`^${parts.join('')}$`)
}

/** Shows a page that is open in another way: as when it was chosen in another tab. */
export async function show(page: Page, { language, theme, width }: Look): Promise<void> {
  await page.setViewportSize({ width, height: 900 })
  await page.evaluate((chosen) => {
    for (const [key, newValue] of Object.entries(chosen)) {
      localStorage.setItem(key, newValue)
      dispatchEvent(new StorageEvent('storage', { key, newValue }))
    }
  }, { 'dais.language': language, 'dais.theme': theme })
  await page.locator(`html[lang="${language}"][data-theme="${theme}"]`).waitFor()
  // What is drawn at the width of its box is drawn anew one frame later.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
}

/** What is wrong with a page as it is shown: with what is its own, that is; every page has the frame. */
export async function faults(page: Page, { language }: Look, part = 'main'): Promise<string[]> {
  return [...(await outside(page)), ...wrong(await words(page), language), ...(await violations(page, part))]
}

async function outside(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const over = document.documentElement.scrollWidth - innerWidth
    if (over <= 0) return []
    const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => `${one.tagName.toLowerCase()}.${[...one.classList].join('.')}`)
    return [`${over} px wider than the window: ${wide.slice(0, 4).join(', ')}`]
  })
}

interface Said {
  text: string
  /** Of what people press or fill in, or a heading: never a name that somebody gave. */
  label: boolean
}

/** What people read and hear, except what programs wrote. */
async function words(page: Page): Promise<Said[]> {
  return page.evaluate(() => {
    const theirs = 'script, style, pre, code, textarea, .mono, [translate=no]'
    const labels = 'th, label, legend, summary, dt, h2, h3, .ant-btn, [role=tab]'
    const found = new Map<string, boolean>()
    const say = (text: string | null, label: boolean) => {
      const trimmed = text?.trim()
      if (trimmed) found.set(trimmed, label || (found.get(trimmed) ?? false))
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node instanceof Element ? node : node.parentElement
      if (!element || element.closest(theirs)) continue
      if (node instanceof Element) for (const name of ['aria-label', 'title', 'placeholder', 'alt']) say(element.getAttribute(name), false)
      else say(node.textContent, element.closest(labels) !== null)
    }
    return [...found].map(([text, label]) => ({ text, label }))
  })
}

function wrong(said: Said[], language: Look['language']): string[] {
  return said.flatMap(({ text, label }) => {
    if (KEYS.has(text)) return [`the key ${text} instead of its message`]
    if (/\bundefined\b|\bNaN\b|\[object |\{\w+\}/.test(text)) return [`a value that is missing: ${text}`]
    const english = language === 'en' ? undefined : ENGLISH.find((one) => (label || one.isPhrase) && one.said.test(text))
    return english ? [`English: ${text} (${english.key})`] : []
  })
}
