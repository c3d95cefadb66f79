/*! Licenses of the bundled packages: /assets/licences.md */
import{E as e,_ as t,a as n,r,s as i,t as a,v as o}from"./time-B1YIbO7n.js";import{B as s,H as c,K as l,V as u,n as d,t as f,y as p}from"./index-DmBNgMYb.js";import{i as m,n as h,r as g}from"./account-profile-CMn7PHS_.js";/* empty css              */import{a as _,f as v,t as y}from"./jsxRuntime.module-B9qDJXb7.js";import{t as b}from"./secret-CbZpMKf7.js";import{i as x,n as S,t as C}from"./form-C02djnv8.js";import{t as ee}from"./actions-BiIDKJx-.js";import{t as w}from"./pager-DORKUMIG.js";import{t as T}from"./search-field-Dha0fChQ.js";var E=`It is stored encrypted and not shown again.`,D={SLACK:{name:`Slack`,text:`posts in a channel`,settings:[{name:`url`,label:`Webhook URL`,type:`url`,placeholder:`https://hooks.slack.com/services/…`,hint:`Slack: Apps → Incoming Webhooks → Add. ${E}`}]},DISCORD:{name:`Discord`,text:`posts in a channel`,settings:[{name:`url`,label:`Webhook URL`,type:`url`,placeholder:`https://discord.com/api/webhooks/…`,hint:`Discord: Edit Channel → Integrations → Webhooks. ${E}`}]},TEAMS:{name:`Microsoft Teams`,text:`posts in a channel`,settings:[{name:`url`,label:`URL of the workflow`,type:`url`,hint:`Teams: Workflows → “When a Teams webhook request is received”. With its query. ${E}`}]},TELEGRAM:{name:`Telegram`,text:`a bot writes to a chat`,settings:[{name:`token`,label:`Token of the bot`,type:`password`,hint:`@BotFather tells it. ${E}`},{name:`chatId`,label:`Chat`,placeholder:`-1001234567890 or @channel`,hint:`The number of the chat, or the @name of a public channel`}]},NTFY:{name:`ntfy`,text:`push to a phone`,settings:[{name:`topic`,label:`Topic`,hint:`Who knows it can read along, so choose one that is hard to guess. ${E}`},{name:`server`,label:`Server`,type:`url`,placeholder:`https://ntfy.sh`,isOptional:!0},{name:`token`,label:`Access token`,type:`password`,isOptional:!0,hint:`If the topic requires one`}]},PAGERDUTY:{name:`PagerDuty`,text:`alerts who is on call`,settings:[{name:`routingKey`,label:`Integration key`,type:`password`,hint:`Of an “Events API v2” integration: 32 letters and digits. ${E}`},{name:`region`,label:`Region`,isOptional:!0,choices:[{value:`US`,name:`United States`},{value:`EU`,name:`Europe`}]}]},WEBHOOK:{name:`Webhook`,text:`calls a program of yours, signed`,settings:[{name:`url`,label:`URL`,type:`url`,placeholder:`https://example.com/alerts`,hint:`It is called with JSON and a signature. Only its host is shown later.`}]},LIVE:{name:`Live`,text:`your programs with an open stream; else by mail`,settings:[{name:`fallbackAfter`,label:`Mail it if nobody has acknowledged it after`,isOptional:!0,choices:[{value:`PT1M`,name:`1 minute`},{value:`PT5M`,name:`5 minutes`},{value:`PT15M`,name:`15 minutes`},{value:`PT1H`,name:`1 hour`},{value:`P1D`,name:`1 day`}]}]},APPRISE:{name:`Apprise`,text:`many other services`,settings:[{name:`url`,label:`URL`,placeholder:`pover://user@token`,hint:`As Apprise writes it. ${E}`}]}},te=Object.keys(D);function O(e,t){let n=D[e].settings.filter(({name:e,isOptional:n})=>t[e]||!n);return{[e.toLowerCase()]:Object.fromEntries(n.map(({name:e})=>[e,t[e]??``]))}}var k={BEGAN_FAILING:{group:`Failures`,name:`Began failing`,text:`first failure of something that worked`},ATTEMPT_FAILED:{group:`Failures`,name:`Attempt failed`,text:`each failed attempt`,isOptIn:!0},FAILED_FOR_GOOD:{group:`Failures`,name:`Failed for good`,text:`a run that is not retried`},STILL_FAILING:{group:`Failures`,name:`Still failing`,text:`reminders`},RECOVERED:{group:`Failures`,name:`Recovered`,text:`works again`},TASK_PAUSED:{group:`Failures`,name:`Task paused`,text:`paused itself after failures`},RUN_MISSED:{group:`Failures`,name:`Run missed`,text:`of tasks that alert on it`},APPROVAL:{group:`Work`,name:`Approval`,text:`a step waits for your decision`},WORKFLOW_FINISHED:{group:`Work`,name:`Workflow finished`,text:`each completed run`,isOptIn:!0},WORKFLOW_FAILED:{group:`Work`,name:`Workflow failed`,text:`manual and resumed runs`,isOptIn:!0},REPORT_READY:{group:`Work`,name:`Report ready`,text:`a report was written`,isOptIn:!0},REPLAY_FINISHED:{group:`Work`,name:`Replay finished`,text:`of dead letters`},QUOTA_MET:{group:`Account`,name:`Quota met`,text:`at most once a day`},CHANNEL_DISABLED:{group:`Account`,name:`Channel disabled`,text:`it failed for days`},PASSWORD_CHANGED:{group:`Account`,name:`Password changed`,text:``,isAlwaysMailed:!0},REFRESH_TOKEN_REUSED:{group:`Account`,name:`Session ended`,text:`its token was used twice`,isAlwaysMailed:!0},API_TOKEN_CREATED:{group:`Account`,name:`API token created`,text:``,isAlwaysMailed:!0},MAIL_ADDRESS_CHANGED:{group:`Account`,name:`Mail address changed`,text:``,isAlwaysMailed:!0},NETWORK_DOWN:{group:`Server`,name:`Network down`,text:`for administrators`},NETWORK_UP:{group:`Server`,name:`Network up`,text:`for administrators`}},A=Object.keys(k),j=A.filter(e=>!k[e].isOptIn),M=[`Failures`,`Work`,`Account`,`Server`];function N({label:e,chosen:t,change:n,isForMail:r=!1}){let i=e=>n(A.filter(n=>n===e?!t.includes(e):t.includes(n)));return y(`div`,{class:`kinds`,role:`group`,"aria-label":e,children:M.map(e=>y(`div`,{children:[y(`h3`,{children:e}),A.filter(t=>k[t].group===e).map(e=>{let{name:n,text:a,isAlwaysMailed:o}=k[e],s=r&&o===!0;return y(`label`,{class:`check`,children:[y(`input`,{type:`checkbox`,checked:s||t.includes(e),disabled:s,onChange:()=>i(e)}),y(`span`,{children:[n,` `,y(`span`,{class:`faint`,children:s?`always`:a})]})]},e)})]},e))})}var P=o(`
  mutation CreateNotificationChannel($name: String!, $channel: NotificationChannelInput!, $events: [NotificationKind!]) {
    createNotificationChannel(input: { name: $name, channel: $channel, events: $events }) {
      notificationChannel {
        id
      }
      signingKey
      userErrors {
        field
        message
      }
    }
  }
`),ne=o(`
  mutation UpdateNotificationChannel($input: UpdateNotificationChannelInput!) {
    updateNotificationChannel(input: $input) {
      notificationChannel {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);function F({kind:e,channel:t,saved:n,cancel:r}){let[i,a]=_(t?.name??D[e].name),[o,s]=_({}),[c,l]=_(t===void 0),[u,d]=_(t?.events??null),f=x(P),p=x(ne);return y(S,{problems:(t?p:f).problems,submit:async()=>{let r={name:i,events:u===null?null:[...u]};if(!t){let t=await f.send({...r,channel:O(e,o)});t&&n({signingKey:t.createNotificationChannel.signingKey});return}let a={id:t.id,...r,...c&&{channel:O(e,o)}};await p.send({input:a})&&n({signingKey:null})},children:[y(C,{name:`name`,label:`Name`,children:e=>y(`input`,{...e,required:!0,maxlength:100,autofocus:!0,value:i,onInput:e=>a(e.currentTarget.value)})}),c?D[e].settings.map(t=>y(re,{kind:e,setting:t,value:o[t.name]??``,change:e=>s({...o,[t.name]:e})},t.name)):y(ie,{channel:t,replace:()=>l(!0)}),y(ae,{chosen:u,change:d}),y(`div`,{class:`buttons`,children:[y(`button`,{class:`main`,disabled:f.isBusy||p.isBusy,children:t?`Save`:`Add channel`}),y(`button`,{type:`button`,onClick:r,children:`Cancel`})]})]})}function re({kind:e,setting:t,value:n,change:r}){let{name:i,label:a,hint:o,type:s=`text`,placeholder:c,isOptional:l,choices:u}=t,d=l&&!u?`${a} (optional)`:a;return y(C,{name:`channel.${e.toLowerCase()}.${i}`,label:d,hint:o,children:e=>u?y(`select`,{...e,value:n,onChange:e=>r(e.currentTarget.value),children:[y(`option`,{value:``,children:`default`}),u.map(e=>y(`option`,{value:e.value,children:e.name},e.value))]}):y(`input`,{...e,type:s,required:!l,autocomplete:`off`,spellcheck:!1,placeholder:c,value:n,onInput:e=>r(e.currentTarget.value)})})}function ie({channel:e,replace:t}){return y(`div`,{class:`kept`,children:[y(`dl`,{children:y(I,{channel:e})}),y(`button`,{type:`button`,onClick:t,children:`Replace`})]})}function I({channel:e}){let t=new Map(e.settings.map(({name:e,value:t})=>[e,t]));return y(v,{children:D[e.kind].settings.map(({name:e,label:n})=>y(`div`,{children:[y(`dt`,{children:n}),y(`dd`,{children:t.get(e)??y(`span`,{class:`faint`,children:`default`})})]},e))})}function ae({chosen:e,change:t}){return y(C,{name:`events`,label:`Tells of`,children:n=>y(`div`,{id:n.id,children:[y(`label`,{class:`check`,children:[y(`input`,{type:`checkbox`,checked:e===null,onChange:()=>t(e===null?[...j]:null)}),`all that need not be chosen`]}),e!==null&&y(N,{label:`Kinds of notifications`,chosen:e,change:t})]})})}var oe=o(`
  mutation TestNotificationChannel($id: ID!) {
    testNotificationChannel(input: { id: $id }) {
      delivered
      error
      userErrors {
        message
      }
    }
  }
`);function se({id:e,done:t,children:n}){let{send:r,isBusy:i,problems:a}=x(oe),[o,s]=_(null),c=async()=>{s(null);let n=await r({id:e});s(n&&n.testNotificationChannel),t()},l=a.general||(o&&!o.delivered?o.error??`It was not delivered.`:``);return y(v,{children:[y(`div`,{class:`buttons`,children:[y(`button`,{type:`button`,disabled:i,onClick:()=>void c(),children:i?`Sending…`:`Send a test`}),n]}),y(`p`,{role:`status`,class:l?`bad-text`:`good-text`,children:[l&&`✕ ${l}`,!l&&o?.delivered&&`✓ The test was accepted. Look whether it has arrived.`]})]})}var L=10,R=o(`
  fragment Delivery on NotificationDelivery {
    id
    isMail
    subject
    status
    queuedAt
    nextTryAt
    deliveredAt
    lastError
    attempts {
      at
      error
    }
    channel {
      name
    }
  }
`),z=o(`
    query DeliveriesOfNotification($id: ID!) {
      node(id: $id) {
        id
        ... on Notification {
          deliveries {
            ...Delivery
          }
        }
      }
    }
  `,[R]),B=o(`
    query DeliveriesOfChannel($id: ID!, $first: Int!) {
      node(id: $id) {
        id
        ... on NotificationChannel {
          deliveries(first: $first) {
            nodes {
              ...Delivery
            }
          }
        }
      }
    }
  `,[R]),V={QUEUED:{word:`waiting`,tone:`faint`},DELIVERED:{word:`delivered`,tone:`good-text`},SUPERSEDED:{word:`superseded by a later one`,tone:`faint`},FAILED:{word:`failed`,tone:`bad-text`},SUPPRESSED:{word:`not wanted`,tone:`faint`}},H=({of:e})=>e===`notification`;function U({id:e}){let[t,n]=_(!1);return y(`details`,{onToggle:e=>n(e.currentTarget.open),children:[y(`summary`,{children:`Deliveries`}),t&&y(W,{id:e})]})}function W({id:e}){let{data:n,error:r}=t(z,{id:e},{concerns:H}),i=n?.node&&`deliveries`in n.node?n.node.deliveries:void 0;return y(K,{deliveries:i,error:r,isNamed:!0})}function G({id:e}){let{data:n,error:r}=t(B,{id:e,first:L},{concerns:H}),i=n?.node&&`deliveries`in n.node?n.node.deliveries.nodes:void 0;return y(K,{deliveries:i,error:r})}function K({deliveries:e,error:t,isNamed:n=!1}){return e?e.length===0?y(`p`,{class:`faint small`,children:`Nothing was sent.`}):y(`ul`,{class:`deliveries`,children:e.map(e=>y(ce,{delivery:e,isNamed:n},e.id))}):t?y(`p`,{class:`problem`,children:t}):null}function ce({delivery:e,isNamed:t}){let{isMail:n,subject:r,status:i,queuedAt:o,nextTryAt:s,deliveredAt:c,lastError:l,attempts:u,channel:d}=e,{word:f,tone:p}=V[i]??{word:i.toLowerCase(),tone:`faint`};return y(`li`,{children:[y(`span`,{class:`what`,children:t?n?`Mail`:d?.name??`A deleted channel`:r}),y(`span`,{class:p,children:f}),y(`span`,{class:`faint`,children:y(a,{at:c??o})}),s&&u.length>0&&y(`span`,{class:`faint`,children:[`tried again `,y(a,{at:s})]}),u.length>1&&y(`span`,{class:`faint`,children:[u.length,` attempts`]}),i!==`DELIVERED`&&l&&y(`span`,{class:`error`,children:l})]})}var le=o(`
  fragment Channel on NotificationChannel {
    id
    name
    kind
    settings {
      name
      value
    }
    events
    isEnabled
    failingSince
    lastError
    lastDeliveredAt
    disabledAt
    disabledReason
  }
`),ue=o(`
  mutation EnableNotificationChannel($id: ID!, $isEnabled: Boolean!) {
    updateNotificationChannel(input: { id: $id, isEnabled: $isEnabled }) {
      userErrors {
        message
      }
    }
  }
`),de=o(`mutation DeleteNotificationChannel($id: ID!) { deleteNotificationChannel(input: { id: $id }) { userErrors { message } } }`),fe=o(`
  mutation RotateNotificationChannelKey($id: ID!) {
    rotateNotificationChannelKey(input: { id: $id }) {
      signingKey
      userErrors {
        message
      }
    }
  }
`);function pe({channel:e,done:t,showKey:n}){let[r,i]=_(!1),[a,o]=_(!1);return y(`section`,{class:`panel channel`,"aria-label":e.name,children:[y(`div`,{class:`heading`,children:[y(`h2`,{children:[e.name,` `,y(`span`,{class:`tag`,children:D[e.kind].name})]}),y(me,{channel:e})]}),y(he,{channel:e}),y(`dl`,{class:`facts`,children:[y(I,{channel:e}),y(`div`,{children:[y(`dt`,{children:`Tells of`}),y(`dd`,{children:e.events?.map(e=>k[e].name).join(`, `)??`all that need not be chosen`})]})]}),y(se,{id:e.id,done:t,children:[y(`button`,{type:`button`,onClick:()=>i(!0),children:`Edit`}),y(ge,{channel:e,done:t,showKey:n})]}),y(`details`,{onToggle:e=>o(e.currentTarget.open),children:[y(`summary`,{children:`Last deliveries`}),a&&y(G,{id:e.id})]}),r&&y(f,{title:`Edit ${e.name}`,close:()=>i(!1),children:y(F,{kind:e.kind,channel:e,saved:()=>{i(!1),t()},cancel:()=>i(!1)})})]})}function me({channel:e}){let{isEnabled:t,failingSince:n,lastDeliveredAt:r,disabledAt:i}=e;return i?y(`span`,{class:`bad-text`,children:`✕ Disabled by Tocsin`}):t?n?y(`span`,{class:`bad-text`,children:[`✕ Failing since `,y(a,{at:n,as:`moment`})]}):r?y(`span`,{class:`good-text`,children:[`✓ Works `,y(`span`,{class:`faint`,children:[`· last `,y(a,{at:r})]})]}):y(`span`,{class:`faint`,children:`○ Nothing delivered yet`}):y(`span`,{class:`faint`,children:`‖ Off`})}function he({channel:{disabledReason:e,lastError:t}}){let n=e??t;return n===null?null:y(`p`,{class:`notice bad`,children:n})}function ge({channel:e,done:t,showKey:n}){let{id:r,name:i,kind:a,isEnabled:o}=e,s=x(ue),c=x(de),l=x(fe),u=s.isBusy||c.isBusy||l.isBusy,f=async()=>{await d({title:`Delete ${i}?`,text:`Notifications that wait for it are not delivered. Its secrets are deleted.`,action:`Delete`})&&(await c.send({id:r})&&p(`${i} is deleted.`),t())},m=async()=>{if(!await d({title:`Replace the signing key?`,text:`Calls are signed with a new key from now on. Your program has to know it.`,action:`Replace`}))return;let e=await l.send({id:r});e?.rotateNotificationChannelKey.signingKey&&n(e.rotateNotificationChannelKey.signingKey)},h=[s,c,l].map(({problems:e})=>e.general).join(``);return y(v,{children:[y(`button`,{type:`button`,disabled:u,onClick:()=>void s.send({id:r,isEnabled:!o}).then(t),children:o?`Turn off`:`Turn on`}),a===`WEBHOOK`&&y(`button`,{type:`button`,disabled:u,onClick:()=>void m(),children:`New key`}),y(`button`,{type:`button`,disabled:u,onClick:()=>void f(),children:`Delete`}),y(`span`,{class:`problem`,role:`alert`,children:h})]})}var _e=o(`
    query NotificationChannels {
      notificationChannels {
        ...Channel
      }
      installation {
        channelKinds
      }
    }
  `,[le]);function ve(){let{data:e,error:n,reread:r}=t(_e,{},{concerns:({of:e})=>e===`notification`}),[i,a]=_(!1),[o,l]=_(null),d=e=>{a(!1),l(e),r()};if(n&&!e)return y(u,{message:n,retry:r});if(!e)return y(c,{count:4});let f=y(`button`,{type:`button`,class:`main`,onClick:()=>a(!0),children:`Add a channel`});return y(v,{children:[e.notificationChannels.length>0&&y(`div`,{class:`toolbar`,children:[y(`p`,{class:`faint`,children:`Beside mail, you are notified here.`}),f]}),o&&y(b,{label:`The key that signs the calls.`,value:o,close:()=>l(null)}),e.notificationChannels.map(e=>y(pe,{channel:e,done:r,showKey:l},e.id)),e.notificationChannels.length===0&&y(s,{title:`You are notified by mail only`,children:[y(`p`,{children:`Channels reach you in Slack, Teams, Discord, Telegram, on your phone, or in a program of yours.`}),f]}),i&&y(ye,{kinds:e.installation.channelKinds,close:()=>a(!1),saved:d})]})}function ye({kinds:e,close:t,saved:n}){let[r,i]=_(null);return y(f,{title:r?`Add ${D[r].name}`:`Add a channel`,close:t,children:r?y(F,{kind:r,saved:({signingKey:e})=>n(e),cancel:()=>i(null)}):y(`ul`,{class:`kind-choice`,children:te.filter(t=>e.includes(t)).map(e=>y(`li`,{children:y(`button`,{type:`button`,onClick:()=>i(e),children:[y(`strong`,{children:D[e].name}),y(`span`,{class:`faint`,children:D[e].text})]})},e))})})}var be=30,xe=o(`
  fragment NotificationItem on Notification {
    id
    kind
    subject
    text
    at
    cursor
    acknowledgedAt
    task {
      id
      name
    }
    run {
      id
    }
    workflowRun {
      id
    }
    incident {
      id
    }
  }
`),Se=o(`
    query Notifications($unacknowledgedOnly: Boolean!, $first: Int!, $after: String) {
      notifications(unacknowledgedOnly: $unacknowledgedOnly, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...NotificationItem
        }
      }
    }
  `,[xe]),Ce=o(`
  mutation Acknowledge($ids: [ID!]!) {
    acknowledgeNotifications(input: { ids: $ids }) {
      userErrors {
        message
      }
    }
  }
`),we=o(`
  mutation AcknowledgeAll($upTo: String!) {
    acknowledgeNotifications(input: { upTo: $upTo }) {
      count
      userErrors {
        field
        message
      }
    }
  }
`);function Te(){let[e,n]=l(),[r,i]=_(null),a=e.get(`show`)!==`all`,{data:o,error:d,reread:f}=t(Se,{unacknowledgedOnly:a,first:be,after:r},{concerns:({of:e})=>e===`notification`}),p=o?.notifications,m=p?.nodes??[],h=m.filter(({acknowledgedAt:e})=>e===null),g=e=>{i(null),n({show:e})};return y(v,{children:[y(`div`,{class:`toolbar`,children:[y(`div`,{class:`chips`,role:`group`,"aria-label":`Which`,children:[y(`button`,{type:`button`,"aria-pressed":a,onClick:()=>g(null),children:`Not acknowledged`}),y(`button`,{type:`button`,"aria-pressed":!a,onClick:()=>g(`all`),children:`All`})]}),h[0]&&r===null&&y(Ee,{upTo:h[0].cursor,done:f})]}),d&&!p&&y(u,{message:d,retry:f}),!d&&!p&&y(c,{count:6}),p&&m.length>0&&y(v,{children:[y(`ul`,{class:`notifications`,children:m.map(e=>y(De,{notification:e,done:f},e.id))}),y(w,{shown:m.length,total:{count:p.totalCount,isExact:p.totalCountIsExact},pageInfo:p.pageInfo,isFirst:r===null,go:i})]}),p&&m.length===0&&y(s,{title:a?`Nothing is waiting for you`:`There are no notifications`})]})}function Ee({upTo:e,done:t}){let{send:r,isBusy:i,problems:a}=x(we),o=async()=>{let i=await r({upTo:e});i&&p(`${n(i.acknowledgeNotifications.count??0)} acknowledged.`),t()};return y(v,{children:[a.general&&y(`span`,{class:`problem`,children:a.general}),y(`button`,{type:`button`,disabled:i,onClick:()=>void o(),children:`Acknowledge all`})]})}function De({notification:t,done:n}){let{id:r,subject:i,text:o,at:s,acknowledgedAt:c,task:l,run:u,workflowRun:d,incident:f}=t,[p,...m]=o.split(`
`);return y(`li`,{class:c===null?`open`:void 0,children:[y(`div`,{class:`text`,children:[y(`h2`,{children:i}),y(`p`,{class:`faint`,children:p}),y(`p`,{class:`links`,children:[y(`span`,{class:`faint`,children:y(a,{at:s})}),u&&y(e,{href:`/runs/${u.id}`,children:`Run`}),l&&y(e,{href:`/tasks/${l.id}`,children:l.name}),d&&y(e,{href:`/workflow-runs/${d.id}`,children:`Workflow run`}),f&&y(e,{href:`/incidents/${f.id}`,children:`Incident`})]}),y(`div`,{class:`more`,children:[m.length>0&&y(`details`,{children:[y(`summary`,{children:`Details`}),y(`p`,{children:m.join(`
`)})]}),y(U,{id:r})]})]}),c===null?y(Oe,{notifications:[t],label:`Acknowledge`,done:n}):y(`span`,{class:`faint`,children:[`acknowledged `,y(a,{at:c})]})]})}function Oe({notifications:e,label:t,done:n}){let{run:r,isBusy:i,problem:a}=ee(Ce,{ids:e.map(({id:e})=>e)});return y(v,{children:[y(`span`,{class:`problem`,role:`alert`,children:a}),y(`button`,{type:`button`,disabled:i,onClick:()=>void r().then(n),children:t})]})}var q=[`MONDAY`,`TUESDAY`,`WEDNESDAY`,`THURSDAY`,`FRIDAY`,`SATURDAY`,`SUNDAY`],ke={from:`22:00`,to:`07:00`,days:[...q],exceptKinds:[],exceptChannelIds:[]};function Ae({hours:e,channels:t,change:n}){return y(v,{children:[y(`label`,{class:`check`,children:[y(`input`,{type:`checkbox`,checked:e!==null,onChange:()=>n(e===null?ke:null)}),`Quiet hours: what would be sent waits until they end`]}),e&&y(v,{children:[y(`div`,{class:`row`,children:[y(J,{name:`from`,label:`From`,hours:e,change:n}),y(J,{name:`to`,label:`To`,hours:e,change:n})]}),y(Y,{name:`quietHours.days`,label:`Beginning on`,items:q.map(e=>({value:e,name:i(e).slice(0,3)})),chosen:e.days,change:t=>n({...e,days:t})}),y(Y,{name:`quietHours.exceptKinds`,label:`Sent nevertheless`,items:A.filter(e=>k[e].group!==`Account`).map(e=>({value:e,name:k[e].name})),chosen:e.exceptKinds,change:t=>n({...e,exceptKinds:t})}),t.length>0&&y(Y,{name:`quietHours.exceptChannelIds`,label:`Channels that stay awake`,items:t.map(({id:e,name:t})=>({value:e,name:t})),chosen:e.exceptChannelIds,change:t=>n({...e,exceptChannelIds:t})})]})]})}function J({name:e,label:t,hours:n,change:r}){return y(C,{name:`quietHours.${e}`,label:t,children:t=>y(`input`,{...t,type:`time`,required:!0,value:n[e],onInput:t=>r({...n,[e]:t.currentTarget.value})})})}function Y({name:e,label:t,items:n,chosen:r,change:i}){let a=e=>i(n.map(e=>e.value).filter(t=>t===e?!r.includes(e):r.includes(t)));return y(C,{name:e,label:t,children:e=>y(`div`,{class:`chips`,id:e.id,role:`group`,"aria-label":t,children:n.map(e=>y(`button`,{type:`button`,"aria-pressed":r.includes(e.value),onClick:()=>a(e.value),children:e.name},e.value))})})}var je=o(`
  query NotificationPreferences {
    notificationPreferences {
      mailKinds
      failures
      timeZone
      quietHours {
        from
        to
        days
        exceptKinds
        exceptChannelIds
      }
      digest {
        frequency
        hour
        exceptKinds
      }
      reminderEvery
    }
    notificationChannels {
      id
      name
    }
  }
`),Me=o(`
  mutation UpdateNotificationPreferences($input: UpdateNotificationPreferencesInput!) {
    updateNotificationPreferences(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`),Ne=[{value:`IMMEDIATELY`,name:`one mail each, at once`},{value:`HOURLY`,name:`one mail an hour`},{value:`DAILY`,name:`one mail a day`}],X=[{value:``,name:`never`},{value:`PT1H`,name:`every hour`},{value:`PT4H`,name:`every 4 hours`},{value:`P1D`,name:`every day`},{value:`P7D`,name:`every week`}];function Pe(){let{data:e,error:n,reread:r}=t(je,{},{concerns:h});return n&&!e?y(u,{message:n,retry:r}):e?y(Fe,{stored:e.notificationPreferences,channels:e.notificationChannels}):y(c,{count:8})}function Fe({stored:e,channels:t}){let[n,r]=_(e),{send:i,isBusy:a,problems:o}=x(Me),s=e=>r({...n,...e});return y(S,{problems:o,submit:async()=>{await i({input:ze(n)})&&p(`Your preferences are saved.`)},children:[y(`fieldset`,{children:[y(`legend`,{children:`Mails`}),y(C,{name:`mailKinds`,label:`You are mailed about`,children:e=>y(`div`,{id:e.id,children:y(N,{label:`Kinds of mails`,isForMail:!0,chosen:n.mailKinds,change:e=>s({mailKinds:e})})})}),y(Ie,{fields:n,set:s})]}),y(`fieldset`,{children:[y(`legend`,{children:`When`}),y(`div`,{class:`row`,children:y(Re,{fields:n,set:s})}),y(C,{name:`timeZone`,label:`Time zone of digests and quiet hours`,children:e=>y(g,{...e,value:n.timeZone,change:e=>s({timeZone:e})})}),y(Ae,{hours:n.quietHours,channels:t,change:e=>s({quietHours:e})})]}),y(`div`,{class:`buttons`,children:y(`button`,{class:`main`,disabled:a,children:`Save preferences`})})]})}function Ie({fields:e,set:t}){return y(`div`,{class:`row`,children:[y(C,{name:`failures`,label:`Failures of tasks`,children:n=>y(`select`,{...n,value:e.failures,onChange:e=>t({failures:e.currentTarget.value}),children:[y(`option`,{value:`FIRST_AND_LAST`,children:`the first and the last`}),y(`option`,{value:`EVERY_ATTEMPT`,children:`every attempt`})]})}),y(C,{name:`reminderEvery`,label:`Reminders of incidents that last`,children:n=>y(`select`,{...n,value:e.reminderEvery??``,onChange:e=>t({reminderEvery:e.currentTarget.value||null}),children:[...X,...Le(e.reminderEvery)].map(({value:e,name:t})=>y(`option`,{value:e,children:t},e))})})]})}function Le(e){return e===null||X.some(t=>t.value===e)?[]:[{value:e,name:e}]}function Re({fields:e,set:t}){let{digest:n}=e;return y(v,{children:[y(C,{name:`digest.frequency`,label:`Mails come as`,children:e=>y(`select`,{...e,value:n.frequency,onChange:e=>t({digest:{...n,frequency:e.currentTarget.value}}),children:Ne.map(({value:e,name:t})=>y(`option`,{value:e,children:t},e))})}),n.frequency===`DAILY`&&y(C,{name:`digest.hour`,label:`At`,children:e=>y(`select`,{...e,value:n.hour,onChange:e=>t({digest:{...n,hour:Number(e.currentTarget.value)}}),children:Array.from({length:24},(e,t)=>y(`option`,{value:t,children:[String(t).padStart(2,`0`),`:00`]},t))})})]})}function ze({mailKinds:e,failures:t,timeZone:n,quietHours:r,digest:i,reminderEvery:a}){return{mailKinds:[...e],failures:t,timeZone:n,quietHours:r&&{from:r.from,to:r.to,days:[...r.days],exceptKinds:[...r.exceptKinds],exceptChannelIds:[...r.exceptChannelIds]},digest:{frequency:i.frequency,hour:i.hour,exceptKinds:[...i.exceptKinds]},reminderEvery:a}}var Be=o(`
  fragment Rule on NotificationRule {
    subjectId
    isMuted
    isMailed
    kinds
    failures
    channelIds
    task {
      id
      name
    }
    workflow {
      id
      name
    }
  }
`),Ve=o(`
  mutation UpdateNotificationRule($input: UpdateNotificationRuleInput!) {
    updateNotificationRule(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`),He={isMuted:!1,isMailed:!0,kinds:null,failures:null,channelIds:null};function Ue({subject:e,rule:t,channels:n,close:r}){let[i,a]=_(t??He),{send:o,isBusy:s,problems:c}=x(Ve),l=e=>a({...i,...e});return y(f,{title:e.name,close:r,children:y(S,{problems:c,submit:async()=>{let{isMuted:t,isMailed:n,kinds:a,failures:s,channelIds:c}=i,l={subjectId:e.id,isMuted:t,isMailed:n,failures:s,kinds:a&&[...a],channelIds:c&&[...c]};await o({input:l})&&(p(`The rule of ${e.name} is saved.`),r())},children:[y(`label`,{class:`check`,children:[y(`input`,{type:`checkbox`,checked:i.isMuted,onChange:()=>l({isMuted:!i.isMuted})}),y(`span`,{children:[`Mute `,y(`span`,{class:`faint`,children:`it is still listed in the inbox`})]})]}),!i.isMuted&&y(Z,{fields:i,set:l,channels:n}),y(`div`,{class:`buttons`,children:[y(`button`,{class:`main`,disabled:s,children:`Save rule`}),y(`button`,{type:`button`,onClick:r,children:`Cancel`})]})]})})}function Z({fields:e,set:t,channels:n}){let{isMailed:r,kinds:i,failures:a,channelIds:o}=e;return y(v,{children:[y(`label`,{class:`check`,children:[y(`input`,{type:`checkbox`,checked:r,onChange:()=>t({isMailed:!r})}),`Mail me`]}),y(C,{name:`failures`,label:`Failures (of tasks)`,children:e=>y(`select`,{...e,value:a??``,onChange:e=>t({failures:e.currentTarget.value||null}),children:[y(`option`,{value:``,children:`as in your preferences`}),y(`option`,{value:`FIRST_AND_LAST`,children:`the first and the last`}),y(`option`,{value:`EVERY_ATTEMPT`,children:`every attempt`})]})}),y(`label`,{class:`check`,children:[y(`input`,{type:`checkbox`,checked:i===null,onChange:()=>t({kinds:i===null?[...j]:null})}),`All kinds of notifications`]}),i!==null&&y(N,{label:`Kinds of notifications`,chosen:i,change:e=>t({kinds:e})}),n.length>0&&y(`label`,{class:`check`,children:[y(`input`,{type:`checkbox`,checked:o===null,onChange:()=>t({channelIds:o===null?[]:null})}),`All channels`]}),o!==null&&y(Y,{name:`channelIds`,label:`Only these channels`,items:n.map(({id:e,name:t})=>({value:e,name:t})),chosen:o,change:e=>t({channelIds:e})})]})}var Q=8,We=o(`
  query Subjects($tasks: TaskFilter, $first: Int!) {
    tasks(filter: $tasks, first: $first) {
      nodes {
        id
        name
      }
    }
    workflows(first: 50) {
      nodes {
        id
        name
      }
    }
  }
`);function Ge({choose:e,close:n}){let[r,i]=_(``),{data:a}=t(We,{tasks:r?{name:r}:{},first:Q},{concerns:h}),o=a?.workflows.nodes.filter(e=>e.name.toLowerCase().includes(r.toLowerCase()))??[],s=a?.tasks.nodes??[];return y(f,{title:`A rule for which task or workflow?`,close:n,children:[y(T,{label:`Search by name`,value:``,change:i}),y($,{title:`Tasks`,subjects:s,choose:e}),y($,{title:`Workflows`,subjects:o.slice(0,Q),choose:e}),a&&s.length+o.length===0&&y(`p`,{class:`faint`,children:`None has this name.`})]})}function $({title:e,subjects:t,choose:n}){return t.length===0?null:y(`div`,{children:[y(`h3`,{children:e}),y(`ul`,{class:`kind-choice`,children:t.map(e=>y(`li`,{children:y(`button`,{type:`button`,onClick:()=>n(e),children:e.name})},e.id))})]})}var Ke=50,qe=o(`
    query NotificationRules($first: Int!, $after: String) {
      notificationRules(first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...Rule
        }
      }
      notificationChannels {
        id
        name
      }
    }
  `,[Be]),Je=o(`
  mutation DeleteNotificationRule($subjectId: ID!) {
    deleteNotificationRule(input: { subjectId: $subjectId }) {
      userErrors {
        message
      }
    }
  }
`);function Ye(){let[e,n]=_(null),[r,i]=_(!1),[a,o]=_(null),{data:l,error:d,reread:f}=t(qe,{first:Ke,after:e},{concerns:h});if(d&&!l)return y(u,{message:d,retry:f});if(!l)return y(c,{count:4});let{notificationRules:p,notificationChannels:m}=l,g=e=>{i(!1),o({subject:e,rule:p.nodes.find(({subjectId:t})=>t===e.id)??null})},b=()=>{o(null),f()},x=y(`button`,{type:`button`,class:`main`,onClick:()=>i(!0),children:`Add a rule`});return y(v,{children:[p.nodes.length>0&&y(v,{children:[y(`div`,{class:`toolbar`,children:[y(`p`,{class:`faint`,children:`For single tasks and workflows, where they differ from your preferences.`}),x]}),y(Xe,{rules:p.nodes,channels:m,edit:o,done:f}),y(w,{shown:p.nodes.length,total:{count:p.totalCount,isExact:p.totalCountIsExact},pageInfo:p.pageInfo,isFirst:e===null,go:n})]}),p.nodes.length===0&&y(s,{title:`Your preferences apply to all tasks and workflows`,children:[y(`p`,{children:`A rule mutes one of them, or tells of it elsewhere.`}),x]}),r&&y(Ge,{choose:g,close:()=>i(!1)}),a&&y(Ue,{subject:a.subject,rule:a.rule,channels:m,close:b})]})}function Xe({rules:e,channels:t,edit:n,done:r}){return y(`div`,{class:`table-frame`,children:y(`table`,{children:[y(`thead`,{children:y(`tr`,{children:[y(`th`,{children:`Task or workflow`}),y(`th`,{children:`What you are told`}),y(`th`,{children:y(`span`,{class:`hidden`,children:`Actions`})})]})}),y(`tbody`,{children:e.map(e=>y(`tr`,{children:[y(`td`,{class:`name`,children:y(Ze,{rule:e})}),y(`td`,{class:`action`,children:Qe(e,t)}),y(`td`,{class:`number`,children:y($e,{rule:e,edit:n,done:r})})]},e.subjectId))})]})})}function Ze({rule:{task:t,workflow:n}}){return t?y(e,{href:`/tasks/${t.id}`,children:t.name}):n?y(e,{href:`/workflows`,children:n.name}):y(`span`,{class:`faint`,children:`deleted`})}function Qe({isMuted:e,isMailed:t,kinds:n,failures:r,channelIds:a},o){if(e)return`Nothing: it is muted`;let s=a?.map(e=>o.find(t=>t.id===e)?.name).filter(Boolean),c=[t?null:`no mails`,s&&(s.length>0?`only the channels ${s.join(`, `)}`:`no channels`),n&&`only ${n.map(e=>k[e].name.toLowerCase()).join(`, `)}`,r&&`failures: ${i(r).toLowerCase()}`].filter(Boolean);return c.length>0?c.join(`; `).replace(/^./,e=>e.toUpperCase()):`As in your preferences`}function $e({rule:e,edit:t,done:n}){let{send:r,isBusy:i}=x(Je),a=e.task?.name??e.workflow?.name??`deleted`,o=async()=>{await d({title:`Delete this rule?`,text:`Your preferences apply to ${a} then.`,action:`Delete`})&&(await r({subjectId:e.subjectId}),n())};return y(`span`,{class:`buttons`,children:[y(`button`,{type:`button`,onClick:()=>t({subject:{id:e.subjectId,name:a},rule:e}),children:`Edit`}),y(`button`,{type:`button`,disabled:i,onClick:()=>void o(),children:`Delete`})]})}var et=[{path:`/notifications`,name:`Inbox`},{path:`/notifications/channels`,name:`Channels`},{path:`/notifications/preferences`,name:`Preferences`},{path:`/notifications/rules`,name:`Rules`}],tt={"":()=>y(Te,{}),channels:()=>y(ve,{}),preferences:()=>y(Pe,{}),rules:()=>y(Ye,{})};function nt({part:e=``}){let t=tt[e]??(()=>y(s,{title:`There is no such page`}));return y(r,{title:`Notifications`,children:[y(m,{label:`Parts of notifications`,tabs:et}),t()]})}export{nt as NotificationsPage};