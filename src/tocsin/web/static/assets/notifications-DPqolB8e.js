/*! Licenses of the bundled packages: /assets/licences.md */
import{i as e,n as t,r as n}from"./account-profile-DsdsPZX6.js";/* empty css              */import{o as r,p as i,s as a,t as o}from"./jsxRuntime.module-CnYUX-XB.js";import{H as s,J as c,U as l,V as u,W as d,Z as f,n as p,q as m,t as h}from"./index-Hs8ExkQT.js";import{Z as g,_,a as v,g as y,s as b,t as x,v as S}from"./time-BRH1184B.js";import{n as ee}from"./secret-C3JGxXuA.js";import{a as C,n as w,t as T}from"./form-CE7OeyD2.js";import{t as E}from"./actions-C-u-PsqM.js";import{t as D}from"./pager-BDub3AhO.js";import{t as te}from"./unsaved-BlQ8WKTV.js";import{t as ne}from"./search-field-1miFSrDU.js";var O=`It is stored encrypted and not shown again.`,k={SLACK:{name:`Slack`,text:`posts in a channel`,settings:[{name:`url`,label:`Webhook URL`,type:`url`,placeholder:`https://hooks.slack.com/services/…`,hint:`Slack: Apps → Incoming Webhooks → Add. ${O}`}]},DISCORD:{name:`Discord`,text:`posts in a channel`,settings:[{name:`url`,label:`Webhook URL`,type:`url`,placeholder:`https://discord.com/api/webhooks/…`,hint:`Discord: Edit Channel → Integrations → Webhooks. ${O}`}]},TEAMS:{name:`Microsoft Teams`,text:`posts in a channel`,settings:[{name:`url`,label:`URL of the workflow`,type:`url`,hint:`Teams: Workflows → “When a Teams webhook request is received”. With its query. ${O}`}]},TELEGRAM:{name:`Telegram`,text:`a bot writes to a chat`,settings:[{name:`token`,label:`Token of the bot`,type:`password`,hint:`@BotFather tells it. ${O}`},{name:`chatId`,label:`Chat`,placeholder:`-1001234567890 or @channel`,hint:`The number of the chat, or the @name of a public channel`}]},NTFY:{name:`ntfy`,text:`push to a phone`,settings:[{name:`topic`,label:`Topic`,hint:`Who knows it can read along, so choose one that is hard to guess. ${O}`},{name:`server`,label:`Server`,type:`url`,placeholder:`https://ntfy.sh`,isOptional:!0},{name:`token`,label:`Access token`,type:`password`,isOptional:!0,hint:`If the topic requires one`}]},PAGERDUTY:{name:`PagerDuty`,text:`alerts who is on call`,settings:[{name:`routingKey`,label:`Integration key`,type:`password`,hint:`Of an “Events API v2” integration: 32 letters and digits. ${O}`},{name:`region`,label:`Region`,isOptional:!0,choices:[{value:`US`,name:`United States`},{value:`EU`,name:`Europe`}]}]},WEBHOOK:{name:`Webhook`,text:`calls a program of yours, signed`,settings:[{name:`url`,label:`URL`,type:`url`,placeholder:`https://example.com/alerts`,hint:`It is called with JSON and a signature. Only its host is shown later.`}]},LIVE:{name:`Live`,text:`your programs with an open stream; else by mail`,settings:[{name:`fallbackAfter`,label:`Mail it if nobody has acknowledged it after`,isOptional:!0,choices:[{value:`PT1M`,name:`1 minute`},{value:`PT5M`,name:`5 minutes`},{value:`PT15M`,name:`15 minutes`},{value:`PT1H`,name:`1 hour`},{value:`P1D`,name:`1 day`}]}]},APPRISE:{name:`Apprise`,text:`many other services`,settings:[{name:`url`,label:`URL`,placeholder:`pover://user@token`,hint:`As Apprise writes it. ${O}`}]}},re=Object.keys(k);function A(e,t){let n=k[e].settings.filter(({name:e,isOptional:n})=>t[e]||!n);return{[e.toLowerCase()]:Object.fromEntries(n.map(({name:e})=>[e,t[e]??``]))}}var j={BEGAN_FAILING:{group:`Failures`,name:`Began failing`,text:`first failure of something that worked`},ATTEMPT_FAILED:{group:`Failures`,name:`Attempt failed`,text:`each failed attempt`,isOptIn:!0},FAILED_FOR_GOOD:{group:`Failures`,name:`Failed for good`,text:`a run that is not retried`},STILL_FAILING:{group:`Failures`,name:`Still failing`,text:`reminders`},RECOVERED:{group:`Failures`,name:`Recovered`,text:`works again`},INCIDENT_CLOSED:{group:`Failures`,name:`Incident closed`,text:`deleted, paused or muted while it failed`},TASK_PAUSED:{group:`Failures`,name:`Task paused`,text:`paused itself after failures`},RUN_MISSED:{group:`Failures`,name:`Run missed`,text:`of tasks that alert on it`},APPROVAL:{group:`Work`,name:`Approval`,text:`a step waits for your decision`},WORKFLOW_FINISHED:{group:`Work`,name:`Workflow finished`,text:`each completed run`,isOptIn:!0},WORKFLOW_FAILED:{group:`Work`,name:`Workflow failed`,text:`manual and resumed runs`,isOptIn:!0},REPORT_READY:{group:`Work`,name:`Report ready`,text:`a report was written`,isOptIn:!0},REPLAY_FINISHED:{group:`Work`,name:`Replay finished`,text:`of dead letters`},QUOTA_MET:{group:`Account`,name:`Quota met`,text:`at most once a day`},CHANNEL_DISABLED:{group:`Account`,name:`Channel disabled`,text:`it failed for days`},PASSWORD_CHANGED:{group:`Account`,name:`Password changed`,text:``,isAlwaysMailed:!0},REFRESH_TOKEN_REUSED:{group:`Account`,name:`Session ended`,text:`its token was used twice`,isAlwaysMailed:!0},API_TOKEN_CREATED:{group:`Account`,name:`API token created`,text:``,isAlwaysMailed:!0},MAIL_ADDRESS_CHANGED:{group:`Account`,name:`Mail address changed`,text:``,isAlwaysMailed:!0},NETWORK_DOWN:{group:`Server`,name:`Network down`,text:`for administrators`},NETWORK_UP:{group:`Server`,name:`Network up`,text:`for administrators`}},M=Object.keys(j),N=M.filter(e=>!j[e].isOptIn),ie=[`Failures`,`Work`,`Account`,`Server`];function P({label:e,chosen:t,change:n,isForMail:r=!1}){let i=e=>n(M.filter(n=>n===e?!t.includes(e):t.includes(n)));return o(`div`,{class:`kinds`,role:`group`,"aria-label":e,children:ie.map(e=>o(`div`,{children:[o(`h3`,{children:e}),M.filter(t=>j[t].group===e).map(e=>{let{name:n,text:a,isAlwaysMailed:s}=j[e],c=r&&s===!0;return o(`label`,{class:`check`,children:[o(`input`,{type:`checkbox`,checked:c||t.includes(e),disabled:c,onChange:()=>i(e)}),o(`span`,{children:[n,` `,o(`span`,{class:`faint`,children:c?`always`:a})]})]},e)})]},e))})}var ae=S(`
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
`),oe=S(`
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
`);function F({kind:e,channel:t,saved:n,cancel:i}){let[a,s]=r(t?.name??k[e].name),[c,l]=r({}),[u,d]=r(t===void 0),[f,p]=r(t?.events??null),m=C(ae),h=C(oe);return o(w,{problems:(t?h:m).problems,submit:async()=>{let r={name:a,events:f===null?null:[...f]};if(!t){let t=await m.send({...r,channel:A(e,c)});t&&n({signingKey:t.createNotificationChannel.signingKey});return}let i={id:t.id,...r,...u&&{channel:A(e,c)}};await h.send({input:i})&&n({signingKey:null})},children:[o(T,{name:`name`,label:`Name`,children:e=>o(`input`,{...e,required:!0,maxlength:100,autofocus:!0,value:a,onInput:e=>s(e.currentTarget.value)})}),u?k[e].settings.map(t=>o(se,{kind:e,setting:t,value:c[t.name]??``,change:e=>l({...c,[t.name]:e})},t.name)):o(ce,{channel:t,replace:()=>d(!0)}),o(le,{chosen:f,change:p}),o(`div`,{class:`buttons`,children:[o(`button`,{class:`main`,disabled:m.isBusy||h.isBusy,children:t?`Save`:`Add channel`}),o(`button`,{type:`button`,onClick:i,children:`Cancel`})]})]})}function se({kind:e,setting:t,value:n,change:r}){let{name:i,label:a,hint:s,type:c=`text`,placeholder:l,isOptional:u,choices:d}=t,f=u&&!d?`${a} (optional)`:a;return o(T,{name:`channel.${e.toLowerCase()}.${i}`,label:f,hint:s,children:e=>d?o(`select`,{...e,value:n,onChange:e=>r(e.currentTarget.value),children:[o(`option`,{value:``,children:`default`}),d.map(e=>o(`option`,{value:e.value,children:e.name},e.value))]}):o(`input`,{...e,type:c,required:!u,autocomplete:`off`,spellcheck:!1,placeholder:l,value:n,onInput:e=>r(e.currentTarget.value)})})}function ce({channel:e,replace:t}){return o(`div`,{class:`kept`,children:[o(`dl`,{children:o(I,{channel:e})}),o(`button`,{type:`button`,onClick:t,children:`Replace`})]})}function I({channel:e}){let t=new Map(e.settings.map(({name:e,value:t})=>[e,t]));return o(i,{children:k[e.kind].settings.map(({name:e,label:n})=>o(`div`,{children:[o(`dt`,{children:n}),o(`dd`,{children:t.get(e)??o(`span`,{class:`faint`,children:`default`})})]},e))})}function le({chosen:e,change:t}){return o(T,{name:`events`,label:`Tells of`,children:n=>o(`div`,{id:n.id,children:[o(`label`,{class:`check`,children:[o(`input`,{type:`checkbox`,checked:e===null,onChange:()=>t(e===null?[...N]:null)}),`all that need not be chosen`]}),e!==null&&o(P,{label:`Kinds of notifications`,chosen:e,change:t})]})})}var ue=S(`
  mutation TestNotificationChannel($id: ID!) {
    testNotificationChannel(input: { id: $id }) {
      delivered
      error
      userErrors {
        message
      }
    }
  }
`);function de({id:e,done:t,children:n}){let{send:a,isBusy:s,problems:c}=C(ue),[l,u]=r(null),d=async()=>{u(null);let n=await a({id:e});u(n&&n.testNotificationChannel),t()},f=c.general||(l&&!l.delivered?l.error??`It was not delivered.`:``);return o(i,{children:[o(`div`,{class:`buttons`,children:[o(`button`,{type:`button`,disabled:s,onClick:()=>void d(),children:s?`Sending…`:`Send a test`}),n]}),o(`p`,{role:`status`,class:f?`bad-text`:`good-text`,children:[f&&`✕ ${f}`,!f&&l?.delivered&&`✓ The test was accepted. Look whether it has arrived.`]})]})}var fe=10,L=2e3,R=65e3,z=S(`
  fragment Delivery on NotificationDelivery {
    id
    isMail
    subject
    status
    queuedAt
    nextTryAt
    deliveredAt
    lastError
    canRetry
    attempts {
      at
      error
    }
    channel {
      name
    }
  }
`),B=S(`
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
  `,[z]),V=S(`
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
  `,[z]),pe=S(`
  mutation RetryNotificationDelivery($id: ID!) {
    retryNotificationDelivery(input: { id: $id }) {
      userErrors {
        message
      }
    }
  }
`),me={QUEUED:{word:`waiting`,tone:`faint`},DELIVERED:{word:`delivered`,tone:`good-text`},SUPERSEDED:{word:`superseded by a later one`,tone:`faint`},FAILED:{word:`failed`,tone:`bad-text`},SUPPRESSED:{word:`not wanted`,tone:`faint`}},H=({of:e})=>e===`notification`;function he({id:e}){let[t,n]=r(!1);return o(`details`,{onToggle:e=>n(e.currentTarget.open),children:[o(`summary`,{children:`Deliveries`}),t&&o(ge,{id:e})]})}function ge({id:e}){let{data:t,error:n,reread:r}=_(B,{id:e},{concerns:H}),i=t?.node&&`deliveries`in t.node?t.node.deliveries:void 0;return U(i,r),o(W,{deliveries:i,error:n,retried:r,isNamed:!0})}function _e({id:e,changed:t}){let{data:n,error:r,reread:i}=_(V,{id:e,first:fe},{concerns:H}),a=n?.node&&`deliveries`in n.node?n.node.deliveries.nodes:void 0,s=()=>{i(),t()};return U(a,s),o(W,{deliveries:a,error:r,retried:s})}function U(e,t){let n=e?.some(({nextTryAt:e})=>e&&Date.parse(e)<Date.now()+R)??!1;a(()=>{if(!n)return;let e=setTimeout(t,L);return()=>clearTimeout(e)},[e,n])}function W({deliveries:e,error:t,retried:n,isNamed:r=!1}){return e?e.length===0?o(`p`,{class:`faint small`,children:`Nothing was sent.`}):o(`ul`,{class:`deliveries`,children:e.map(e=>o(ve,{delivery:e,retried:n,isNamed:r},e.id))}):t?o(`p`,{class:`problem`,children:t}):null}function ve({delivery:e,retried:t,isNamed:n}){let{isMail:r,subject:i,status:a,queuedAt:s,nextTryAt:c,deliveredAt:l,lastError:u,attempts:d,channel:f}=e,{word:p,tone:m}=me[a]??{word:a.toLowerCase(),tone:`faint`};return o(`li`,{children:[o(`span`,{class:`what`,children:n?r?`Mail`:f?.name??`A deleted channel`:i}),o(`span`,{class:m,children:p}),o(`span`,{class:`faint`,children:o(x,{at:l??s})}),c&&u&&d.length>0&&o(`span`,{class:`faint`,children:[`tried again `,o(x,{at:c})]}),d.length>1&&o(`span`,{class:`faint`,children:[d.length,` attempts`]}),e.canRetry&&f&&o(ye,{id:e.id,about:i,retried:t}),a!==`DELIVERED`&&u&&o(`span`,{class:`error`,children:u})]})}function ye({id:e,about:t,retried:n}){let{send:r,isBusy:a,problems:s}=C(pe),c=async()=>{await r({id:e})&&n()};return o(i,{children:[o(`button`,{type:`button`,class:`link`,disabled:a,"aria-label":`Retry: ${t}`,onClick:()=>void c(),children:a?`Sending…`:`Retry`}),s.general&&o(`span`,{class:`error`,role:`alert`,children:s.general})]})}var be=S(`
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
`),xe=S(`
  mutation EnableNotificationChannel($id: ID!, $isEnabled: Boolean!) {
    updateNotificationChannel(input: { id: $id, isEnabled: $isEnabled }) {
      userErrors {
        message
      }
    }
  }
`),Se=S(`mutation DeleteNotificationChannel($id: ID!) { deleteNotificationChannel(input: { id: $id }) { userErrors { message } } }`),Ce=S(`
  mutation RotateNotificationChannelKey($id: ID!) {
    rotateNotificationChannelKey(input: { id: $id }) {
      signingKey
      userErrors {
        message
      }
    }
  }
`);function we({channel:e,done:t,showKey:n}){let[i,a]=r(!1),[s,c]=r(!1);return o(`section`,{class:`panel channel`,"aria-label":e.name,children:[o(`div`,{class:`heading`,children:[o(`h2`,{children:[e.name,` `,o(`span`,{class:`tag`,children:k[e.kind].name})]}),o(Te,{channel:e})]}),o(Ee,{channel:e}),o(`dl`,{class:`facts`,children:[o(I,{channel:e}),o(`div`,{children:[o(`dt`,{children:`Tells of`}),o(`dd`,{children:e.events?.map(e=>j[e].name).join(`, `)??`all that need not be chosen`})]})]}),o(de,{id:e.id,done:t,children:[o(`button`,{type:`button`,onClick:()=>a(!0),children:`Edit`}),o(De,{channel:e,done:t,showKey:n})]}),o(`details`,{onToggle:e=>c(e.currentTarget.open),children:[o(`summary`,{children:`Last deliveries`}),s&&o(_e,{id:e.id,changed:t})]}),i&&o(h,{title:`Edit ${e.name}`,close:()=>a(!1),children:o(F,{kind:e.kind,channel:e,saved:()=>{a(!1),t()},cancel:()=>a(!1)})})]})}function Te({channel:e}){let{isEnabled:t,failingSince:n,lastDeliveredAt:r,disabledAt:i}=e;return i?o(`span`,{class:`bad-text`,children:`✕ Disabled by Tocsin`}):t?n?o(`span`,{class:`bad-text`,children:[`✕ Failing since `,o(x,{at:n,as:`moment`})]}):r?o(`span`,{class:`good-text`,children:[`✓ Works `,o(`span`,{class:`faint`,children:[`· last `,o(x,{at:r})]})]}):o(`span`,{class:`faint`,children:`○ Nothing delivered yet`}):o(`span`,{class:`faint`,children:`‖ Off`})}function Ee({channel:{disabledReason:e,lastError:t}}){let n=e??t;return n===null?null:o(`p`,{class:`notice bad`,children:n})}function De({channel:e,done:t,showKey:n}){let{id:r,name:a,kind:s,isEnabled:c}=e,l=C(xe),{client:u}=y(),f=C(Ce),m=l.isBusy||f.isBusy,h=async()=>{await p({title:`Delete ${a}?`,text:`Notifications that wait for it are not delivered. Its secrets are deleted. You can undo it for ten seconds.`,action:`Delete`})&&d(u,Se,{ids:[r],text:`${a} is deleted.`,calls:[{id:r}]})},g=async()=>{if(!await p({title:`Replace the signing key?`,text:`Calls are signed with a new key from now on. Your program has to know it.`,action:`Replace`}))return;let e=await f.send({id:r});e?.rotateNotificationChannelKey.signingKey&&n(e.rotateNotificationChannelKey.signingKey)},_=[l,f].map(({problems:e})=>e.general).join(``);return o(i,{children:[o(`button`,{type:`button`,disabled:m,onClick:()=>void l.send({id:r,isEnabled:!c}).then(t),children:c?`Turn off`:`Turn on`}),s===`WEBHOOK`&&o(`button`,{type:`button`,disabled:m,onClick:()=>void g(),children:`New key`}),o(`button`,{type:`button`,disabled:m,onClick:()=>void h(),children:`Delete`}),o(`span`,{class:`problem`,role:`alert`,children:_})]})}var Oe=S(`
    query NotificationChannels {
      notificationChannels {
        ...Channel
      }
      installation {
        channelKinds
      }
    }
  `,[be]);function ke(){let{data:e,error:t,reread:n}=_(Oe,{},{concerns:({of:e})=>e===`notification`}),[a,c]=r(!1),[d,f]=r(null),p=e=>{c(!1),f(e),n()};if(t&&!e)return o(s,{message:t,retry:n});if(!e)return o(l,{count:4});let h=m(e.notificationChannels),g=o(`button`,{type:`button`,class:`main`,onClick:()=>c(!0),children:`Add a channel`});return o(i,{children:[h.length>0&&o(`div`,{class:`toolbar`,children:[o(`p`,{class:`faint`,children:`Beside mail, you are notified here.`}),g]}),d&&o(ee,{label:`The key that signs the calls.`,value:d,close:()=>f(null)}),h.map(e=>o(we,{channel:e,done:n,showKey:f},e.id)),h.length===0&&o(u,{title:`You are notified by mail only`,children:[o(`p`,{children:`Channels reach you in Slack, Teams, Discord, Telegram, on your phone, or in a program of yours.`}),g]}),a&&o(Ae,{kinds:e.installation.channelKinds,close:()=>c(!1),saved:p})]})}function Ae({kinds:e,close:t,saved:n}){let[i,a]=r(null);return o(h,{title:i?`Add ${k[i].name}`:`Add a channel`,close:t,children:i?o(F,{kind:i,saved:({signingKey:e})=>n(e),cancel:()=>a(null)}):o(`ul`,{class:`kind-choice`,children:re.filter(t=>e.includes(t)).map(e=>o(`li`,{children:o(`button`,{type:`button`,onClick:()=>a(e),children:[o(`strong`,{children:k[e].name}),o(`span`,{class:`faint`,children:k[e].text})]})},e))})})}var je=30,Me=S(`
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
`),Ne=S(`
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
  `,[Me]),Pe=S(`
  mutation Acknowledge($ids: [ID!]!) {
    acknowledgeNotifications(input: { ids: $ids }) {
      userErrors {
        message
      }
    }
  }
`),Fe=S(`
  mutation AcknowledgeAll($upTo: String!) {
    acknowledgeNotifications(input: { upTo: $upTo }) {
      count
      userErrors {
        field
        message
      }
    }
  }
`);function Ie(){let[e,t]=f(),[n,a]=r(null),c=e.get(`show`)!==`all`,{data:d,error:p,reread:m}=_(Ne,{unacknowledgedOnly:c,first:je,after:n},{concerns:({of:e})=>e===`notification`}),h=d?.notifications,g=h?.nodes??[],v=g.filter(({acknowledgedAt:e})=>e===null),y=e=>{a(null),t({show:e})};return o(i,{children:[o(`div`,{class:`toolbar`,children:[o(`div`,{class:`chips`,role:`group`,"aria-label":`Which`,children:[o(`button`,{type:`button`,"aria-pressed":c,onClick:()=>y(null),children:`Not acknowledged`}),o(`button`,{type:`button`,"aria-pressed":!c,onClick:()=>y(`all`),children:`All`})]}),v[0]&&n===null&&o(Le,{upTo:v[0].cursor,done:m})]}),p&&!h&&o(s,{message:p,retry:m}),!p&&!h&&o(l,{count:6}),h&&g.length>0&&o(i,{children:[o(`ul`,{class:`notifications`,children:g.map(e=>o(Re,{notification:e,done:m},e.id))}),o(D,{shown:g.length,total:{count:h.totalCount,isExact:h.totalCountIsExact},pageInfo:h.pageInfo,isFirst:n===null,go:a})]}),h&&g.length===0&&o(u,{title:c?`Nothing is waiting for you`:`There are no notifications`})]})}function Le({upTo:e,done:t}){let{send:n,isBusy:r,problems:a}=C(Fe),s=async()=>{let r=await n({upTo:e});r&&c(`${v(r.acknowledgeNotifications.count??0)} acknowledged.`),t()};return o(i,{children:[a.general&&o(`span`,{class:`problem`,children:a.general}),o(`button`,{type:`button`,disabled:r,onClick:()=>void s(),children:`Acknowledge all`})]})}function Re({notification:e,done:t}){let{id:n,subject:r,text:i,at:a,acknowledgedAt:s,task:c,run:l,workflowRun:u,incident:d}=e,[f,...p]=i.split(`
`);return o(`li`,{class:s===null?`open`:void 0,children:[o(`div`,{class:`text`,children:[o(`h2`,{children:r}),o(`p`,{class:`faint`,children:f}),o(`p`,{class:`links`,children:[o(`span`,{class:`faint`,children:o(x,{at:a})}),l&&o(g,{href:`/runs/${l.id}`,children:`Run`}),c&&o(g,{href:`/tasks/${c.id}`,children:c.name}),u&&o(g,{href:`/workflow-runs/${u.id}`,children:`Workflow run`}),d&&o(g,{href:`/incidents/${d.id}`,children:`Incident`})]}),o(`div`,{class:`more`,children:[p.length>0&&o(`details`,{children:[o(`summary`,{children:`Details`}),o(`p`,{children:p.join(`
`)})]}),o(he,{id:n})]})]}),s===null?o(ze,{notifications:[e],label:`Acknowledge`,done:t}):o(`span`,{class:`faint`,children:[`acknowledged `,o(x,{at:s})]})]})}function ze({notifications:e,label:t,done:n}){let{run:r,isBusy:a,problem:s}=E(Pe,{ids:e.map(({id:e})=>e)});return o(i,{children:[o(`span`,{class:`problem`,role:`alert`,children:s}),o(`button`,{type:`button`,disabled:a,onClick:()=>void r().then(n),children:t})]})}var G=[`MONDAY`,`TUESDAY`,`WEDNESDAY`,`THURSDAY`,`FRIDAY`,`SATURDAY`,`SUNDAY`],Be={from:`22:00`,to:`07:00`,days:[...G],exceptKinds:[],exceptChannelIds:[]};function Ve({hours:e,channels:t,change:n}){return o(i,{children:[o(`label`,{class:`check`,children:[o(`input`,{type:`checkbox`,checked:e!==null,onChange:()=>n(e===null?Be:null)}),`Quiet hours: what would be sent waits until they end`]}),e&&o(i,{children:[o(`div`,{class:`row`,children:[o(K,{name:`from`,label:`From`,hours:e,change:n}),o(K,{name:`to`,label:`To`,hours:e,change:n})]}),o(q,{name:`quietHours.days`,label:`Beginning on`,items:G.map(e=>({value:e,name:b(e).slice(0,3)})),chosen:e.days,change:t=>n({...e,days:t})}),o(q,{name:`quietHours.exceptKinds`,label:`Sent nevertheless`,items:M.filter(e=>j[e].group!==`Account`).map(e=>({value:e,name:j[e].name})),chosen:e.exceptKinds,change:t=>n({...e,exceptKinds:t})}),t.length>0&&o(q,{name:`quietHours.exceptChannelIds`,label:`Channels that stay awake`,items:t.map(({id:e,name:t})=>({value:e,name:t})),chosen:e.exceptChannelIds,change:t=>n({...e,exceptChannelIds:t})})]})]})}function K({name:e,label:t,hours:n,change:r}){return o(T,{name:`quietHours.${e}`,label:t,children:t=>o(`input`,{...t,type:`time`,required:!0,value:n[e],onInput:t=>r({...n,[e]:t.currentTarget.value})})})}function q({name:e,label:t,items:n,chosen:r,change:i}){let a=e=>i(n.map(e=>e.value).filter(t=>t===e?!r.includes(e):r.includes(t)));return o(T,{name:e,label:t,children:e=>o(`div`,{class:`chips`,id:e.id,role:`group`,"aria-label":t,children:n.map(e=>o(`button`,{type:`button`,"aria-pressed":r.includes(e.value),onClick:()=>a(e.value),children:e.name},e.value))})})}var He=S(`
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
`),Ue=S(`
  mutation UpdateNotificationPreferences($input: UpdateNotificationPreferencesInput!) {
    updateNotificationPreferences(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`),We=[{value:`IMMEDIATELY`,name:`one mail each, at once`},{value:`HOURLY`,name:`one mail an hour`},{value:`DAILY`,name:`one mail a day`}],J=[{value:``,name:`never`},{value:`PT1H`,name:`every hour`},{value:`PT4H`,name:`every 4 hours`},{value:`P1D`,name:`every day`},{value:`P7D`,name:`every week`}];function Ge(){let{data:e,error:n,reread:r}=_(He,{},{concerns:t});return n&&!e?o(s,{message:n,retry:r}):e?o(Ke,{stored:e.notificationPreferences,channels:e.notificationChannels}):o(l,{count:8})}function Ke({stored:e,channels:t}){let[i,a]=r(e),[s,l]=r(e);te(JSON.stringify(i)!==JSON.stringify(s),`Your changes of the preferences are lost then.`);let{send:u,isBusy:d,problems:f}=C(Ue),p=e=>a({...i,...e});return o(w,{problems:f,submit:async()=>{await u({input:Xe(i)})&&(l(i),c(`Your preferences are saved.`))},children:[o(`fieldset`,{children:[o(`legend`,{children:`Mails`}),o(T,{name:`mailKinds`,label:`You are mailed about`,children:e=>o(`div`,{id:e.id,children:o(P,{label:`Kinds of mails`,isForMail:!0,chosen:i.mailKinds,change:e=>p({mailKinds:e})})})}),o(qe,{fields:i,set:p})]}),o(`fieldset`,{children:[o(`legend`,{children:`When`}),o(`div`,{class:`row`,children:o(Ye,{fields:i,set:p})}),o(T,{name:`timeZone`,label:`Time zone of digests and quiet hours`,children:e=>o(n,{...e,value:i.timeZone,change:e=>p({timeZone:e})})}),o(Ve,{hours:i.quietHours,channels:t,change:e=>p({quietHours:e})})]}),o(`div`,{class:`buttons`,children:o(`button`,{class:`main`,disabled:d,children:`Save preferences`})})]})}function qe({fields:e,set:t}){return o(`div`,{class:`row`,children:[o(T,{name:`failures`,label:`Failures of tasks`,children:n=>o(`select`,{...n,value:e.failures,onChange:e=>t({failures:e.currentTarget.value}),children:[o(`option`,{value:`FIRST_AND_LAST`,children:`the first and the last`}),o(`option`,{value:`EVERY_ATTEMPT`,children:`every attempt`})]})}),o(T,{name:`reminderEvery`,label:`Reminders of incidents that last`,children:n=>o(`select`,{...n,value:e.reminderEvery??``,onChange:e=>t({reminderEvery:e.currentTarget.value||null}),children:[...J,...Je(e.reminderEvery)].map(({value:e,name:t})=>o(`option`,{value:e,children:t},e))})})]})}function Je(e){return e===null||J.some(t=>t.value===e)?[]:[{value:e,name:e}]}function Ye({fields:e,set:t}){let{digest:n}=e;return o(i,{children:[o(T,{name:`digest.frequency`,label:`Mails come as`,children:e=>o(`select`,{...e,value:n.frequency,onChange:e=>t({digest:{...n,frequency:e.currentTarget.value}}),children:We.map(({value:e,name:t})=>o(`option`,{value:e,children:t},e))})}),n.frequency===`DAILY`&&o(T,{name:`digest.hour`,label:`At`,children:e=>o(`select`,{...e,value:n.hour,onChange:e=>t({digest:{...n,hour:Number(e.currentTarget.value)}}),children:Array.from({length:24},(e,t)=>o(`option`,{value:t,children:[String(t).padStart(2,`0`),`:00`]},t))})})]})}function Xe({mailKinds:e,failures:t,timeZone:n,quietHours:r,digest:i,reminderEvery:a}){return{mailKinds:[...e],failures:t,timeZone:n,quietHours:r&&{from:r.from,to:r.to,days:[...r.days],exceptKinds:[...r.exceptKinds],exceptChannelIds:[...r.exceptChannelIds]},digest:{frequency:i.frequency,hour:i.hour,exceptKinds:[...i.exceptKinds]},reminderEvery:a}}var Ze=S(`
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
`),Y=S(`
  mutation UpdateNotificationRule($input: UpdateNotificationRuleInput!) {
    updateNotificationRule(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`),Qe={isMuted:!1,isMailed:!0,kinds:null,failures:null,channelIds:null};function X(e,{isMuted:t,isMailed:n,kinds:r,failures:i,channelIds:a}){return{subjectId:e,isMuted:t,isMailed:n,failures:i,kinds:r&&[...r],channelIds:a&&[...a]}}function $e({subject:e,rule:t,channels:n,close:i}){let[a,s]=r(t??Qe),{send:l,isBusy:u,problems:d}=C(Y),f=e=>s({...a,...e});return o(h,{title:e.name,close:i,children:o(w,{problems:d,submit:async()=>{await l({input:X(e.id,a)})&&(c(`The rule of ${e.name} is saved.`),i())},children:[o(`label`,{class:`check`,children:[o(`input`,{type:`checkbox`,checked:a.isMuted,onChange:()=>f({isMuted:!a.isMuted})}),o(`span`,{children:[`Mute `,o(`span`,{class:`faint`,children:`it is still listed in the inbox`})]})]}),!a.isMuted&&o(et,{fields:a,set:f,channels:n}),o(`div`,{class:`buttons`,children:[o(`button`,{class:`main`,disabled:u,children:`Save rule`}),o(`button`,{type:`button`,onClick:i,children:`Cancel`})]})]})})}function et({fields:e,set:t,channels:n}){let{isMailed:r,kinds:a,failures:s,channelIds:c}=e;return o(i,{children:[o(`label`,{class:`check`,children:[o(`input`,{type:`checkbox`,checked:r,onChange:()=>t({isMailed:!r})}),`Mail me`]}),o(T,{name:`failures`,label:`Failures (of tasks)`,children:e=>o(`select`,{...e,value:s??``,onChange:e=>t({failures:e.currentTarget.value||null}),children:[o(`option`,{value:``,children:`as in your preferences`}),o(`option`,{value:`FIRST_AND_LAST`,children:`the first and the last`}),o(`option`,{value:`EVERY_ATTEMPT`,children:`every attempt`})]})}),o(`label`,{class:`check`,children:[o(`input`,{type:`checkbox`,checked:a===null,onChange:()=>t({kinds:a===null?[...N]:null})}),`All kinds of notifications`]}),a!==null&&o(P,{label:`Kinds of notifications`,chosen:a,change:e=>t({kinds:e})}),n.length>0&&o(`label`,{class:`check`,children:[o(`input`,{type:`checkbox`,checked:c===null,onChange:()=>t({channelIds:c===null?[]:null})}),`All channels`]}),c!==null&&o(q,{name:`channelIds`,label:`Only these channels`,items:n.map(({id:e,name:t})=>({value:e,name:t})),chosen:c,change:e=>t({channelIds:e})})]})}var Z=8,tt=S(`
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
`);function nt({choose:e,close:n}){let[i,a]=r(``),{data:s}=_(tt,{tasks:i?{name:i}:{},first:Z},{concerns:t}),c=s?.workflows.nodes.filter(e=>e.name.toLowerCase().includes(i.toLowerCase()))??[],l=s?.tasks.nodes??[];return o(h,{title:`A rule for which task or workflow?`,close:n,children:[o(ne,{label:`Search by name`,value:``,change:a}),o(Q,{title:`Tasks`,subjects:l,choose:e}),o(Q,{title:`Workflows`,subjects:c.slice(0,Z),choose:e}),s&&l.length+c.length===0&&o(`p`,{class:`faint`,children:`None has this name.`})]})}function Q({title:e,subjects:t,choose:n}){return t.length===0?null:o(`div`,{children:[o(`h3`,{children:e}),o(`ul`,{class:`kind-choice`,children:t.map(e=>o(`li`,{children:o(`button`,{type:`button`,onClick:()=>n(e),children:e.name})},e.id))})]})}var rt=50,it=S(`
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
  `,[Ze]),$=S(`
  mutation DeleteNotificationRule($subjectId: ID!) {
    deleteNotificationRule(input: { subjectId: $subjectId }) {
      userErrors {
        message
      }
    }
  }
`);function at(){let[e,n]=r(null),[a,c]=r(!1),[d,f]=r(null),{data:p,error:m,reread:h}=_(it,{first:rt,after:e},{concerns:t});if(m&&!p)return o(s,{message:m,retry:h});if(!p)return o(l,{count:4});let{notificationRules:g,notificationChannels:v}=p,y=e=>{c(!1),f({subject:e,rule:g.nodes.find(({subjectId:t})=>t===e.id)??null})},b=()=>{f(null),h()},x=o(`button`,{type:`button`,class:`main`,onClick:()=>c(!0),children:`Add a rule`});return o(i,{children:[g.nodes.length>0&&o(i,{children:[o(`div`,{class:`toolbar`,children:[o(`p`,{class:`faint`,children:`For single tasks and workflows, where they differ from your preferences.`}),x]}),o(ot,{rules:g.nodes,channels:v,edit:f,done:h}),o(D,{shown:g.nodes.length,total:{count:g.totalCount,isExact:g.totalCountIsExact},pageInfo:g.pageInfo,isFirst:e===null,go:n})]}),g.nodes.length===0&&o(u,{title:`Your preferences apply to all tasks and workflows`,children:[o(`p`,{children:`A rule mutes one of them, or tells of it elsewhere.`}),x]}),a&&o(nt,{choose:y,close:()=>c(!1)}),d&&o($e,{subject:d.subject,rule:d.rule,channels:v,close:b})]})}function ot({rules:e,channels:t,edit:n,done:r}){return o(`div`,{class:`table-frame`,children:o(`table`,{children:[o(`thead`,{children:o(`tr`,{children:[o(`th`,{children:`Task or workflow`}),o(`th`,{children:`What you are told`}),o(`th`,{children:o(`span`,{class:`hidden`,children:`Actions`})})]})}),o(`tbody`,{children:e.map(e=>o(`tr`,{children:[o(`td`,{class:`name`,children:o(st,{rule:e})}),o(`td`,{class:`action`,children:ct(e,t)}),o(`td`,{class:`number`,children:o(lt,{rule:e,edit:n,done:r})})]},e.subjectId))})]})})}function st({rule:{task:e,workflow:t}}){return e?o(g,{href:`/tasks/${e.id}`,children:e.name}):t?o(g,{href:`/workflows`,children:t.name}):o(`span`,{class:`faint`,children:`deleted`})}function ct({isMuted:e,isMailed:t,kinds:n,failures:r,channelIds:i},a){if(e)return`Nothing: it is muted`;let o=i?.map(e=>a.find(t=>t.id===e)?.name).filter(Boolean),s=[t?null:`no mails`,o&&(o.length>0?`only the channels ${o.join(`, `)}`:`no channels`),n&&`only ${n.map(e=>j[e].name.toLowerCase()).join(`, `)}`,r&&`failures: ${b(r).toLowerCase()}`].filter(Boolean);return s.length>0?s.join(`; `).replace(/^./,e=>e.toUpperCase()):`As in your preferences`}function lt({rule:e,edit:t,done:n}){let{send:r,isBusy:i}=C($),a=C(Y),s=e.task?.name??e.workflow?.name??`deleted`,l=async()=>{if(!await p({title:`Delete this rule?`,text:`Your preferences apply to ${s} then.`,action:`Delete`}))return;let t=await r({subjectId:e.subjectId});n(),t&&c(`The rule of ${s} is deleted.`,{undo:()=>a.send({input:X(e.subjectId,e)}).then(n)})};return o(`span`,{class:`buttons`,children:[o(`button`,{type:`button`,onClick:()=>t({subject:{id:e.subjectId,name:s},rule:e}),children:`Edit`}),o(`button`,{type:`button`,disabled:i,onClick:()=>void l(),children:`Delete`})]})}var ut=[{part:``,name:`Inbox`,show:()=>o(Ie,{})},{part:`channels`,name:`Channels`,show:()=>o(ke,{})},{part:`preferences`,name:`Preferences`,show:()=>o(Ge,{})},{part:`rules`,name:`Rules`,show:()=>o(at,{})}];function dt({part:t}){return o(e,{title:`Notifications`,label:`Parts of notifications`,path:`/notifications`,parts:ut,part:t})}export{dt as NotificationsPage};