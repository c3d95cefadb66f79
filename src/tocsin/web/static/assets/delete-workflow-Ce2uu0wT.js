/*! Licenses of the bundled packages: /assets/licences.md */
import{t as e}from"./actions-BiIDKJx-.js";import{v as t}from"./time-B1YIbO7n.js";import{n,y as r}from"./index-DmBNgMYb.js";import{f as i,t as a}from"./jsxRuntime.module-B9qDJXb7.js";var o=t(`
  mutation DeleteWorkflow($name: String!) {
    deleteWorkflow(input: { name: $name }) {
      deletedWorkflowId
      userErrors {
        message
      }
    }
  }
`);function s({name:t,class:s,done:c}){let{run:l,isBusy:u,problem:d}=e(o,{name:t}),f=async()=>{await n({title:`Delete ${t}?`,text:`Its schedule ends. Runs in progress continue, and its history stays.`,action:`Delete`})&&await l()&&(r(`${t} was deleted.`),c())};return a(i,{children:[a(`span`,{class:`problem`,role:`alert`,children:d}),a(`button`,{type:`button`,class:s,disabled:u,"aria-label":`Delete ${t}`,onClick:()=>void f(),children:`Delete`})]})}export{s as t};