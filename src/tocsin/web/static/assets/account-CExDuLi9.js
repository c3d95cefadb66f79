/*! Licenses of the bundled packages: /assets/licences.md */
import{E as e,N as t,_ as n,a as r,d as i,f as a,g as o,i as s,r as c,t as l,u,v as d}from"./time-Dta3RUlp.js";import{t as f}from"./actions-CSQUApiW.js";var p=d(`
  mutation CreateApiToken($name: String!, $scopes: [Scope!]!) {
    createApiToken(input: { name: $name, scopes: $scopes }) {
      token
      userErrors {
        message
      }
    }
  }
`);function m({done:n}){let{client:r}=o(),[i,s]=e(``),[c,l]=e(null),u=async e=>{e.preventDefault();let t=new FormData(e.currentTarget),i=t.get(`write`)?[`READ`,`WRITE`]:[`READ`],a={name:String(t.get(`name`)),scopes:[...i]},{data:o,error:c}=await r.mutation(p,a).toPromise(),u=o?.createApiToken.userErrors.map(({message:e})=>e).join(` `);s(c?c.graphQLErrors[0]?.message??`The server cannot be reached.`:u??``),l(o?.createApiToken.token??null),n()};return a(t,{children:[a(`form`,{class:`inline-form`,onSubmit:e=>void u(e),children:[a(`label`,{children:[`Name`,a(`input`,{name:`name`,required:!0,maxlength:100})]}),a(`label`,{class:`check`,children:[a(`input`,{name:`write`,type:`checkbox`,checked:!0}),` may change things`]}),a(`button`,{children:`Create token`}),a(`span`,{class:`problem`,role:`alert`,children:i})]}),c&&a(`p`,{class:`notice`,role:`status`,children:[`Copy this token now, it is not shown again: `,a(`code`,{children:c})]})]})}var h=d(`
  query Account {
    viewer {
      email
      emailConfirmed
      createdAt
      usage {
        quota
        used
        limit
        unit
        resetsAt
      }
    }
    apiTokens {
      id
      name
      hint
      scopes
      expiresAt
      lastUsedAt
    }
    sessions {
      id
      address
      userAgent
      lastRefreshedAt
      isCurrent
    }
  }
`),g=d(`mutation RevokeApiToken($id: ID!) { revokeApiToken(input: { id: $id }) { userErrors { message } } }`),_=d(`mutation RevokeSession($id: ID!) { revokeSession(input: { id: $id }) { userErrors { message } } }`),v=d(`
  mutation ChangePassword($currentPassword: String!, $newPassword: String!) {
    changePassword(input: { currentPassword: $currentPassword, newPassword: $newPassword }) {
      userErrors {
        message
      }
    }
  }
`),y=()=>!1;function b(){let{data:e,error:r,reread:o}=n(h,{},{concerns:y});return a(c,{title:`Account`,children:[r&&!e&&a(u,{message:r,retry:o}),!r&&!e&&a(i,{count:6}),e&&a(t,{children:[a(s,{title:`Usage`,children:a(x,{usage:e.viewer.usage??[]})}),a(s,{title:`API tokens`,children:a(C,{tokens:e.apiTokens,done:o})}),a(s,{title:`Sessions`,children:a(w,{sessions:e.sessions,done:o})}),a(s,{title:`Password`,children:a(E,{})})]})]})}function x({usage:e}){return a(`dl`,{class:`settings`,children:e.map(({quota:e,used:t,limit:n,unit:i,resetsAt:o})=>a(`div`,{children:[a(`dt`,{children:S(e)}),a(`dd`,{children:[r(t),n!==null&&` of ${r(n)}`,i===`MEGABYTES`&&` MB`,n!==null&&a(`progress`,{value:t,max:n,"aria-label":S(e)}),o&&a(`span`,{class:`faint`,children:[` `,`resets `,a(l,{at:o})]})]})]},e))})}function S(e){let t=e.toLowerCase().replaceAll(`_`,` `).replace(`api`,`API`);return t[0]?.toUpperCase()+t.slice(1)}function C({tokens:e,done:n}){return a(t,{children:[e.length>0&&a(`div`,{class:`table-frame`,children:a(`table`,{children:[a(`thead`,{children:a(`tr`,{children:[a(`th`,{children:`Name`}),a(`th`,{children:`Token`}),a(`th`,{children:`Scopes`}),a(`th`,{children:`Last used`}),a(`th`,{children:`Expires`}),a(`th`,{})]})}),a(`tbody`,{children:e.map(({id:e,name:t,hint:r,scopes:i,lastUsedAt:o,expiresAt:s})=>a(`tr`,{children:[a(`td`,{class:`name`,children:t}),a(`td`,{class:`faint`,children:[r,`…`]}),a(`td`,{class:`faint`,children:i.map(e=>e.toLowerCase()).join(`, `)}),a(`td`,{class:`nowrap`,children:o?a(l,{at:o}):a(`span`,{class:`faint`,children:`never`})}),a(`td`,{class:`nowrap`,children:s?a(l,{at:s}):a(`span`,{class:`faint`,children:`never`})}),a(`td`,{class:`number`,children:a(T,{mutation:g,id:e,label:`Revoke`,done:n})})]},e))})]})}),a(m,{done:n})]})}function w({sessions:e,done:t}){return a(`div`,{class:`table-frame`,children:a(`table`,{children:[a(`thead`,{children:a(`tr`,{children:[a(`th`,{children:`Address`}),a(`th`,{class:`wide`,children:`Browser`}),a(`th`,{children:`Last used`}),a(`th`,{})]})}),a(`tbody`,{children:e.map(({id:e,address:n,userAgent:r,lastRefreshedAt:i,isCurrent:o})=>a(`tr`,{children:[a(`td`,{children:n}),a(`td`,{class:`wide faint`,title:r,children:r}),a(`td`,{class:`nowrap`,children:a(l,{at:i})}),a(`td`,{class:`number`,children:o?a(`span`,{class:`faint`,children:`this one`}):a(T,{mutation:_,id:e,label:`End`,done:t})})]},e))})]})})}function T({mutation:n,id:r,label:i,done:o}){let[s,c]=e(!1),{run:l,isBusy:u,problem:d}=f(n,{id:r});return a(t,{children:[a(`span`,{class:`problem`,role:`alert`,children:d}),a(`button`,{type:`button`,disabled:u,onClick:()=>{s?l().then(o):c(!0)},onBlur:()=>c(!1),children:s?`Really?`:i})]})}function E(){let[t,n]=e({currentPassword:``,newPassword:``}),{run:r,isBusy:i,problem:o}=f(v,t),[s,c]=e(!1),l=async e=>{e.preventDefault(),c(await r())};return a(`form`,{class:`inline-form`,onSubmit:e=>void l(e),children:[a(`label`,{children:[`Current password`,a(`input`,{type:`password`,required:!0,autocomplete:`current-password`,onInput:e=>n({...t,currentPassword:e.currentTarget.value})})]}),a(`label`,{children:[`New password`,a(`input`,{type:`password`,required:!0,autocomplete:`new-password`,onInput:e=>n({...t,newPassword:e.currentTarget.value})})]}),a(`button`,{disabled:i,children:`Change password`}),a(`span`,{class:`problem`,role:`alert`,children:o}),s&&a(`span`,{role:`status`,children:`It is changed. Your other sessions have ended.`})]})}export{b as AccountPage};