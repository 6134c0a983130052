import { Button } from 'antd'
import { request } from '../api/http'
import { useLanguage, type Language as Tongue } from '../i18n'

/** Chooses a language here, and for the person wherever they sign in next. */
export function useChooseLanguage(signedIn: boolean): (language: Tongue) => void {
  const { choose } = useLanguage()
  return (language) => {
    choose(language)
    // The page is in that language already; that it is not remembered elsewhere is no reason to stop.
    if (signedIn) void request('/api/account/language', { method: 'POST', body: { language } }).catch(() => undefined)
  }
}

/** Says the other language, in that language. */
export function Language({ signedIn = false }: { signedIn?: boolean }) {
  const { language } = useLanguage()
  const choose = useChooseLanguage(signedIn)
  const other = language === 'en' ? 'zh-CN' : 'en'
  return (
    <Button type="text" size="small" lang={other} onClick={() => choose(other)}>
      {other === 'en' ? 'EN' : '中文'}
    </Button>
  )
}
