import { UserOutlined } from '@ant-design/icons'
import { Button, Dropdown, type MenuProps } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useInfo, useSignOut } from '../api/session'
import { useAct } from '../components/useAct'
import { useLanguage } from '../i18n'
import { useTheme, type Choice } from '../theme/ThemeProvider'
import { useFrame } from './context'
import { useChooseLanguage } from './Language'
import { Password } from './Password'

export function Person() {
  const { t, language } = useLanguage()
  const choose = useChooseLanguage(true)
  const theme = useTheme()
  const { session } = useFrame()
  const info = useInfo()
  const signOut = useSignOut()
  const { act } = useAct()
  const [password, setPassword] = useState(false)
  const themes: [Choice, string][] = [['light', t('theme.light')], ['dark', t('theme.dark')], ['system', t('theme.system')]]
  const items: MenuProps['items'] = [
    {
      key: 'who', type: 'group',
      label: <>{session.user}{session.admin && ` · ${t('frame.admin')}`}{info.data?.version && ` · dais ${info.data.version}`}</>,
    },
    { key: 'tokens', label: <Link to="/tokens">{t('nav.tokens')}</Link> },
    { key: 'password', label: t('person.password'), onClick: () => setPassword(true) },
    { type: 'divider' },
    {
      key: 'theme', type: 'group', label: t('theme.title'),
      children: themes.map(([key, label]) => ({ key, label: theme.choice === key ? `${label} ✓` : label, onClick: () => theme.choose(key) })),
    },
    { key: 'language', label: language === 'en' ? '中文' : 'English', onClick: () => choose(language === 'en' ? 'zh-CN' : 'en') },
    { type: 'divider' },
    { key: 'out', label: t('person.signOut'), onClick: () => void act(signOut) },
  ]
  return (
    <>
      <Dropdown menu={{ items }} trigger={['click']} placement="bottomRight">
        <Button aria-label={t('frame.person', { user: session.user })} icon={<UserOutlined />}>
          <span className="wide-only">{session.user}</span>
        </Button>
      </Dropdown>
      <Password open={password} close={() => setPassword(false)} />
    </>
  )
}
