/*! Licenses of the bundled packages: /assets/licences.md */
import{W as e,n as t}from"./index-Hs8ExkQT.js";import{g as n,v as r}from"./time-BRH1184B.js";import{t as i}from"./jsxRuntime.module-CnYUX-XB.js";var a=r(`
  mutation DeleteWorkflow($name: String!) {
    deleteWorkflow(input: { name: $name }) {
      deletedWorkflowId
      userErrors {
        message
      }
    }
  }
`);function o({id:r,name:o,class:s,done:c}){let{client:l}=n(),u=async()=>{await t({title:`Delete ${o}?`,text:`Its schedule ends. Runs in progress continue, and its history stays. You can undo it for ten seconds.`,action:`Delete`})&&(c?.(),e(l,a,{ids:[r],text:`${o} is deleted.`,calls:[{name:o}]}))};return i(`button`,{type:`button`,class:s,"aria-label":`Delete ${o}`,onClick:()=>void u(),children:`Delete`})}export{o as t};