/*! Licenses of the bundled packages: /assets/licences.md */
import{_ as e,i as t,n,r,s as i,t as a,v as o}from"./time-B1YIbO7n.js";import{B as s,G as c,H as l,U as u,V as d,n as f,y as p}from"./index-DmBNgMYb.js";import{i as m,n as h,t as ee}from"./account-profile-CMn7PHS_.js";import{a as g,f as _,t as v}from"./jsxRuntime.module-B9qDJXb7.js";import{i as y,n as b,t as x}from"./form-C02djnv8.js";import{t as S}from"./browsers-DOjV3yb6.js";import{t as C}from"./secret-CbZpMKf7.js";var w=o(`
  mutation AcceptRequestsFrom($email: String!) {
    acceptRequestsFrom(input: { email: $email }) {
      userErrors {
        field
        message
      }
    }
  }
`),T=o(`
  mutation RefuseRequestsFrom($email: String!) {
    refuseRequestsFrom(input: { email: $email }) {
      userErrors {
        message
      }
    }
  }
`);function E({emails:e,done:t}){let[n,r]=g(``),{send:i,isBusy:a,problems:o}=y(w);return v(`div`,{class:`panel`,children:[v(`p`,{class:`faint`,children:`Workflows of these users may ask you for decisions by mail. Your own always may.`}),e.length>0&&v(`ul`,{class:`plain-list`,children:e.map(e=>v(D,{email:e,done:t},e))}),v(b,{problems:o,submit:async()=>{await i({email:n})&&(r(``),t())},children:[v(x,{name:`email`,label:`Accept requests from`,children:e=>v(`input`,{...e,type:`email`,required:!0,placeholder:`colleague@example.com`,value:n,onInput:e=>r(e.currentTarget.value)})}),v(`div`,{class:`buttons`,children:v(`button`,{disabled:a,children:`Accept`})})]})]})}function D({email:e,done:t}){let{send:n,isBusy:r}=y(T);return v(`li`,{children:[v(`span`,{children:e}),v(`button`,{type:`button`,class:`quiet`,disabled:r,onClick:()=>void n({email:e}).then(t),children:`Remove`})]})}var O=o(`
  query MailAddresses {
    mailAddresses {
      purpose
      email
      confirmedAt
      requestedEmail
      requestedAt
      bouncedAt
      lastError
      unsubscribedAt
    }
    viewer {
      acceptsRequestsFrom
    }
  }
`),k=o(`
  mutation RequestMailAddress($purpose: MailPurpose!, $email: String!) {
    requestMailAddress(input: { purpose: $purpose, email: $email }) {
      userErrors {
        field
        message
      }
    }
  }
`),A=o(`
  mutation RemoveMailAddress($purpose: MailPurpose!) {
    removeMailAddress(input: { purpose: $purpose }) {
      userErrors {
        message
      }
    }
  }
`),j=[{purpose:`ALERTS`,text:`failures, incidents and reminders of them`},{purpose:`APPROVALS`,text:`decisions that workflows wait for`},{purpose:`REPORTS`,text:`reports that are ready`}];function M(){let{data:n,error:r,reread:i}=e(O,{},{concerns:h});return r&&!n?v(d,{message:r,retry:i}):n?v(_,{children:[v(`p`,{class:`lead`,children:[`Mails go to `,c.value,`. Some can go to another address, such as that of a team, once its reader has agreed by a link.`]}),j.map(({purpose:e,text:t})=>v(N,{purpose:e,text:t,address:n.mailAddresses.find(t=>t.purpose===e),done:i},e)),v(t,{title:`Approval requests`,children:v(E,{emails:n.viewer.acceptsRequestsFrom??[],done:i})})]}):v(l,{count:4})}function N({purpose:e,text:t,address:n,done:r}){let[a,o]=g(!1),s=!!(n?.email??n?.requestedEmail);return v(`section`,{class:`panel mail-address`,"aria-label":i(e),children:[v(`div`,{class:`heading`,children:[v(`h2`,{children:[i(e),` `,v(`span`,{class:`faint`,children:t})]}),!a&&v(`span`,{class:`buttons`,children:[v(`button`,{type:`button`,onClick:()=>o(!0),children:s?`Change`:`Use another address`}),s&&v(I,{purpose:e,done:r})]})]}),v(P,{address:n}),a&&v(F,{purpose:e,close:()=>{o(!1),r()}})]})}function P({address:e}){return v(_,{children:[v(`p`,{children:[`to `,v(`strong`,{children:e?.email??c.value}),!e?.email&&v(`span`,{class:`faint`,children:` · the address of your account`})]}),e?.requestedEmail&&e.requestedAt&&v(`p`,{class:`faint`,children:[e.requestedEmail,` was asked `,v(a,{at:e.requestedAt}),`, and has not agreed yet.`]}),e?.bouncedAt&&v(`p`,{class:`bad-text`,children:[`It was refused `,v(a,{at:e.bouncedAt}),`: `,e.lastError,`. Until tomorrow such mails come to you.`]}),e?.unsubscribedAt&&v(`p`,{class:`faint`,children:[`Its reader has ended these mails `,v(a,{at:e.unsubscribedAt}),`.`]})]})}function F({purpose:e,close:t}){let[n,r]=g(``),{send:i,isBusy:a,problems:o}=y(k);return v(b,{problems:o,submit:async()=>{await i({purpose:e,email:n})&&(p(`A link is on its way to ${n}.`),t())},children:[v(x,{name:`email`,label:`Email address`,hint:`A link is mailed there. Mails go there when it has been opened.`,children:e=>v(`input`,{...e,type:`email`,required:!0,autofocus:!0,value:n,onInput:e=>r(e.currentTarget.value)})}),v(`div`,{class:`buttons`,children:[v(`button`,{class:`main`,disabled:a,children:`Send the link`}),v(`button`,{type:`button`,onClick:t,children:`Cancel`})]})]})}function I({purpose:e,done:t}){let{send:n,isBusy:r}=y(A),i=async()=>{await f({title:`Remove the address?`,text:`These mails go to the address of your account again.`,action:`Remove`})&&(await n({purpose:e}),t())};return v(`button`,{type:`button`,disabled:r,onClick:()=>void i(),children:`Remove`})}var L=o(`
  query Sessions {
    sessions {
      id
      address
      userAgent
      createdAt
      lastRefreshedAt
      isCurrent
    }
  }
`),R=o(`mutation RevokeSession($id: ID!) { revokeSession(input: { id: $id }) { userErrors { message } } }`),z=o(`mutation RevokeOtherSessions { revokeOtherSessions { revokedCount userErrors { message } } }`),B=o(`
  mutation ChangePassword($currentPassword: String!, $newPassword: String!) {
    changePassword(input: { currentPassword: $currentPassword, newPassword: $newPassword }) {
      userErrors {
        field
        message
      }
    }
  }
`),V={currentPassword:``,newPassword:``};function H(){let{data:n,error:r,reread:i}=e(L,{},{concerns:h}),a=n?.sessions.filter(({isCurrent:e})=>!e)??[];return v(_,{children:[v(t,{title:`Password`,children:v(U,{done:i})}),v(t,{title:`Sessions`,aside:a.length>0&&v(W,{count:a.length,done:i}),children:[r&&!n&&v(d,{message:r,retry:i}),!r&&!n&&v(l,{count:3}),n&&v(G,{sessions:n.sessions,done:i})]})]})}function U({done:e}){let[t,n]=g(V),{send:r,isBusy:i,problems:a}=y(B),o=async()=>{await r(t)&&(n(V),p(`Your password is changed. Your other sessions have ended.`),e())},s=(e,r)=>i=>v(`input`,{...i,type:`password`,required:!0,autocomplete:r,value:t[e],onInput:r=>n({...t,[e]:r.currentTarget.value})});return v(b,{problems:a,submit:o,class:`form panel`,children:[v(`div`,{class:`row`,children:[v(x,{name:`currentPassword`,label:`Current password`,children:s(`currentPassword`,`current-password`)}),v(x,{name:`newPassword`,label:`New password`,hint:`10 to 128 characters. Common passwords are refused.`,children:s(`newPassword`,`new-password`)})]}),v(`div`,{class:`buttons`,children:[v(`button`,{class:`main`,disabled:i,children:`Change password`}),v(`span`,{class:`faint small`,children:`Your other sessions end. API tokens stay.`})]})]})}function W({count:e,done:t}){let{send:n,isBusy:r,problems:i}=y(z),a=async()=>{let r=`${e===1?`One other session ends`:`${e} other sessions end`} at once, with their open pages.`;if(!await f({title:`End all other sessions?`,text:r,action:`End them`}))return;let i=await n({});i&&p(`${i.revokeOtherSessions.revokedCount??0} sessions have ended.`),t()};return v(_,{children:[i.general&&v(`span`,{class:`problem`,children:[i.general,` `]}),v(`button`,{type:`button`,disabled:r,onClick:()=>void a(),children:`End all others`})]})}function G({sessions:e,done:t}){return v(`div`,{class:`table-frame`,children:v(`table`,{children:[v(`thead`,{children:v(`tr`,{children:[v(`th`,{children:`Browser or program`}),v(`th`,{class:`spare`,children:`Signed in`}),v(`th`,{children:`Last renewed`}),v(`th`,{children:v(`span`,{class:`hidden`,children:`Actions`})})]})}),v(`tbody`,{children:e.map(e=>v(K,{session:e,done:t},e.id))})]})})}function K({session:e,done:t}){let{id:n,address:r,userAgent:i,createdAt:o,lastRefreshedAt:s,isCurrent:c}=e,{send:l,isBusy:u}=y(R),d=async()=>{let e=`${S(i)} at ${r} is signed out at once.`;await f({title:`End this session?`,text:e,action:`End session`})&&(await l({id:n}),t())};return v(`tr`,{children:[v(`td`,{class:`name`,title:i,children:[S(i),v(`p`,{class:`faint small`,children:r})]}),v(`td`,{class:`nowrap spare`,children:v(a,{at:o})}),v(`td`,{class:`nowrap`,children:v(a,{at:s})}),v(`td`,{class:`number`,children:c?v(`span`,{class:`tag`,children:`this one`}):v(`button`,{type:`button`,disabled:u,onClick:()=>void d(),children:`End`})})]})}var q=864e5,J=o(`
  mutation CreateApiToken($name: String!, $scopes: [Scope!]!, $expiresAt: DateTime) {
    createApiToken(input: { name: $name, scopes: $scopes, expiresAt: $expiresAt }) {
      token
      userErrors {
        field
        message
      }
    }
  }
`),Y=[{scope:`READ`,name:`Read`,text:`queries and subscriptions`},{scope:`WRITE`,name:`Write`,text:`create, change and run things`},{scope:`ADMIN`,name:`Administer`,text:`users, queues and the audit log, with read or write`}],X=[{days:7,name:`7 days`},{days:30,name:`30 days`},{days:90,name:`90 days`},{days:365,name:`a year`},{days:0,name:`never`}],Z={name:``,scopes:[`READ`,`WRITE`],days:90};function Q({created:e}){let[t,n]=g(Z),{send:r,isBusy:i,problems:a}=y(J),o=Y.filter(({scope:e})=>e!==`ADMIN`||u.current()?.user.isAdmin),s=async()=>{let{name:i,scopes:a,days:o}=t,s=await r({name:i,scopes:a,expiresAt:o?new Date(Date.now()+o*q).toISOString():null});s?.createApiToken.token&&(n(Z),e(s.createApiToken.token))},c=e=>{let{scopes:r}=t;n({...t,scopes:r.includes(e)?r.filter(t=>t!==e):[...r,e]})};return v(b,{problems:a,submit:s,class:`form panel`,children:[v(`div`,{class:`row`,children:[v(x,{name:`name`,label:`Name`,hint:`What uses it, such as the backup script`,children:e=>v(`input`,{...e,required:!0,maxlength:100,autocomplete:`off`,value:t.name,onInput:e=>n({...t,name:e.currentTarget.value})})}),v(x,{name:`expiresAt`,label:`Expires after`,children:e=>v(`select`,{...e,value:t.days,onChange:e=>n({...t,days:Number(e.currentTarget.value)}),children:X.map(({days:e,name:t})=>v(`option`,{value:e,children:t},e))})})]}),v(x,{name:`scopes`,label:`It may`,children:e=>v(`div`,{class:`choices`,id:e.id,role:`group`,"aria-label":`Scopes`,"aria-describedby":e[`aria-describedby`],children:o.map(({scope:e,name:n,text:r})=>v(`label`,{class:`check`,children:[v(`input`,{type:`checkbox`,checked:t.scopes.includes(e),onChange:()=>c(e)}),v(`span`,{children:[n,` `,v(`span`,{class:`faint`,children:r})]})]},e))})}),v(`div`,{class:`buttons`,children:v(`button`,{class:`main`,disabled:i,children:`Create token`})})]})}var $=o(`
  query ApiTokens {
    apiTokens {
      id
      name
      hint
      scopes
      createdAt
      expiresAt
      lastUsedAt
    }
  }
`),te=o(`mutation RevokeApiToken($id: ID!) { revokeApiToken(input: { id: $id }) { userErrors { message } } }`);function ne(){let{data:n,error:r,reread:i}=e($,{},{concerns:h}),[a,o]=g(null);return v(_,{children:[v(`p`,{class:`lead`,children:[`Programs send a token as `,v(`code`,{children:`Authorization: Bearer …`}),`. You are mailed about each new one.`]}),a&&v(C,{label:`Your new token.`,value:a,close:()=>o(null)}),r&&!n&&v(d,{message:r,retry:i}),!r&&!n&&v(l,{count:3}),n?.apiTokens.length===0&&!a&&v(s,{title:`You have no API tokens`}),n&&n.apiTokens.length>0&&v(re,{tokens:n.apiTokens,done:i}),v(t,{title:`New token`,children:v(Q,{created:e=>{o(e),i()}})})]})}function re({tokens:e,done:t}){return v(`div`,{class:`table-frame`,children:v(`table`,{children:[v(`thead`,{children:v(`tr`,{children:[v(`th`,{children:`Name`}),v(`th`,{class:`spare`,children:`Created`}),v(`th`,{class:`spare`,children:`Last used`}),v(`th`,{children:`Expires`}),v(`th`,{children:v(`span`,{class:`hidden`,children:`Actions`})})]})}),v(`tbody`,{children:e.map(e=>v(ie,{token:e,done:t},e.id))})]})})}function ie({token:e,done:t}){let{id:n,name:r,hint:i,scopes:o,createdAt:s,expiresAt:c,lastUsedAt:l}=e,{send:u,isBusy:d}=y(te),m=async()=>{let e=`Programs that use ${r} (…${i}) are refused at once.`;await f({title:`Revoke this token?`,text:e,action:`Revoke`})&&(await u({id:n})&&p(`${r} is revoked.`),t())};return v(`tr`,{children:[v(`td`,{class:`name`,children:[r,v(`p`,{class:`faint small`,children:[v(`code`,{children:[`…`,i]}),` · `,o.map(e=>e.toLowerCase()).join(`, `)]})]}),v(`td`,{class:`nowrap spare`,children:v(a,{at:s})}),v(`td`,{class:`nowrap spare`,children:l?v(a,{at:l}):v(`span`,{class:`faint`,children:`never`})}),v(`td`,{class:`nowrap`,children:c?v(ae,{at:c}):v(`span`,{class:`faint`,children:`never`})}),v(`td`,{class:`number`,children:v(`button`,{type:`button`,disabled:d,onClick:()=>void m(),children:`Revoke`})})]})}function ae({at:e}){return Date.parse(e)>n.value?v(a,{at:e}):v(`span`,{class:`bad-text`,children:[`expired `,v(a,{at:e})]})}var oe=[{path:`/account`,name:`Profile`},{path:`/account/security`,name:`Security`},{path:`/account/tokens`,name:`API tokens`},{path:`/account/mails`,name:`Mail addresses`}],se={"":()=>v(ee,{}),security:()=>v(H,{}),tokens:()=>v(ne,{}),mails:()=>v(M,{})};function ce({part:e=``}){let t=se[e]??(()=>v(s,{title:`There is no such part of the account`}));return v(r,{title:`Account`,children:[v(m,{label:`Parts of the account`,tabs:oe}),t()]})}export{ce as AccountPage};