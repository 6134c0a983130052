import { theme, type ThemeConfig } from 'antd'
import { PALETTES, type Mode } from './palette'

export const SANS =
  'Inter, -apple-system, BlinkMacSystemFont, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans", "Noto Sans CJK SC", sans-serif'
export const MONO = 'ui-monospace, "SF Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'

/** Ant Design in the house's colours. */
export function tokens(mode: Mode): ThemeConfig {
  const p = PALETTES[mode]
  const base = mode === 'dark' ? theme.darkAlgorithm : theme.defaultAlgorithm
  return {
    // The dark algorithm dims the colours that it is given; ours are meant as they are.
    algorithm: (seed) => ({ ...base(seed), colorPrimary: p.accent, colorLink: p.link, colorInfo: p.accent, colorSuccess: p.success, colorWarning: p.warning, colorError: p.error }),
    cssVar: { key: 'dais' },
    hashed: false,
    zeroRuntime: true,
    token: {
      colorPrimary: p.accent,
      colorInfo: p.accent,
      colorLink: p.link,
      colorSuccess: p.success,
      colorWarning: p.warning,
      colorError: p.error,
      colorBgLayout: p.ground,
      colorBgContainer: p.card,
      colorBgElevated: p.raised,
      colorBorder: p.line,
      colorBorderSecondary: p.line,
      colorText: p.ink,
      colorTextSecondary: p.muted,
      colorTextDescription: p.muted,
      colorTextPlaceholder: p.muted,
      fontFamily: SANS,
      fontFamilyCode: MONO,
      fontSize: 14,
      borderRadius: 8,
      borderRadiusLG: 10,
      controlHeight: 32,
      motionDurationMid: '0.12s',
      motionDurationSlow: '0.18s',
    },
    components: {
      Button: { primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none', primaryColor: p.onAccent, fontWeight: 500 },
      Table: {
        headerBg: 'transparent',
        headerColor: p.muted,
        headerSplitColor: 'transparent',
        headerSortActiveBg: 'transparent',
        headerSortHoverBg: 'transparent',
        bodySortBg: 'transparent',
        cellPaddingBlockSM: 9,
        cellPaddingInlineSM: 8,
      },
      Tabs: { itemSelectedColor: p.link, itemHoverColor: p.link, horizontalMargin: '0 0 16px 0', horizontalItemPadding: '8px 0', horizontalItemGutter: 22 },
      Form: { itemMarginBottom: 18, verticalLabelPadding: '0 0 4px' },
      Modal: { titleFontSize: 16 },
    },
  }
}
